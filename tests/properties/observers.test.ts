// Random trees and pipelines behave the same to the microtask, whatever observes them.
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { all, observe, type Span, type Watcher } from "@runsheet/runsheet/observe";
import { observedTree } from "../support/observed_trees.ts";
import { Play } from "../support/play.ts";
import { property } from "../support/property.ts";
import { trees } from "../support/random_combinators.ts";
import { scenarios } from "../support/random_pipeline.ts";

/** Unique among all runs. */
function idOf({ runId, id }: Span): string {
  return `${runId} ${id}`;
}

/** Two observers with storages, one of which wants to see only some of the spans. */
function observers(every: number): { observer: Watcher; open: Set<Span>; faults: string[] } {
  const open = new Set<Span>();
  const ids = new Set<string>();
  const faults: string[] = [];
  const storage = new AsyncLocalStorage<Span>();
  let count = 0;
  const whole = observe((span) => {
    const id = idOf(span);
    if (ids.has(id)) faults.push(`${id} is there twice`);
    if (span.parent && !ids.has(idOf(span.parent))) faults.push(`${id} has no parent`);
    if (span.of && !ids.has(idOf(span.of))) faults.push(`${id} undoes nothing`);
    ids.add(id);
    open.add(span);
    return {
      within: (call) => storage.run(span, call),
      end() {
        if (!open.delete(span)) faults.push(`${span.id} ends twice`);
      },
    };
  });
  const some = observe(() => ++count % every !== 0 && { within: (call) => call() });
  return { observer: all(some, whole), open, faults };
}

describe("a random run that is observed", () => {
  const every = fc.integer({ min: 1, max: 5 });

  it("behaves as without an observer: a tree of combinators", () =>
    property(fc.tuple(trees(true, true), every), async ([tree, every]) => {
      const { observer } = observers(every);
      assertEquals(await observedTree(tree, observer), await observedTree(tree, undefined));
    }));

  it("behaves as without an observer: a pipeline", () =>
    property(fc.tuple(scenarios(1), every), async ([{ root, plans }, every]) => {
      const { observer } = observers(every);
      const observed = await new Play(root).run(plans[0]!, "r", { observer });
      assertEquals(observed, await new Play(root).run(plans[0]!, "r"));
    }));

  it("has spans with unique ids, each of which ends once, inside one that has begun", () =>
    property(fc.tuple(trees(true, true), scenarios(1)), async ([tree, { root, plans }]) => {
      const [one, other] = [observers(1), observers(1)];
      await observedTree(tree, one.observer);
      await new Play(root).run(plans[0]!, "r", { observer: other.observer });
      assertEquals([...one.faults, ...other.faults], []);
      assert(one.open.size === 0 && other.open.size === 0, [...one.open, ...other.open][0]?.id);
    }));
});
