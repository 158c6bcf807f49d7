// The invariants of random trees of all combinators, with random limits, failures, slow branches
// and aborts.
import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { type Context, isRunsheetError, pipeline, type Result, step } from "@runsheet/runsheet";
import { ticks } from "../support/collections.ts";
import { property } from "../support/property.ts";
import {
  build,
  expected,
  isUndoneInTurn,
  type Leaf,
  type Tree,
  trees,
} from "../support/random_combinators.ts";

/** The events of one run, by path. */
interface Story {
  readonly names: Map<string, Tree>;
  readonly effects: string[];
  readonly undos: string[];
  /** Starts and final failures of leaves, in time. */
  readonly events: { readonly what: "start" | "fail"; readonly path: string }[];
  /** The leaves that failed for good. */
  readonly failures: Map<string, Error>;
  /**
   * The last error of every leaf that ever failed; if a group ends early, there are no further
   * attempts.
   */
  readonly thrown: Map<string, Error>;
  /** The handlers that did not receive the context and output of their run. */
  readonly mismatches: string[];
  /** The args that the caller gave. */
  readonly args: { readonly list: number[] };
  /** The most items of a group that had a leaf in flight at once. */
  readonly overLimit: string[];
  readonly result: Result<unknown>;
  readonly aborted: boolean;
}

/** Runs a tree once; may abort when the n-th leaf starts. */
async function tell(tree: Tree, abortAt = -1): Promise<Story> {
  const [story] = await tellTogether(tree, 1, abortAt);
  return story!;
}

/** Runs one object several times at once. */
async function tellTogether(tree: Tree, runs: number, abortAt = -1): Promise<Story[]> {
  const names = new Map<string, Tree>();
  const stages = Array.from({ length: runs }, () => ({
    effects: [] as string[],
    undos: [] as string[],
    events: [] as { what: "start" | "fail"; path: string }[],
    failures: new Map<string, Error>(),
    thrown: new Map<string, Error>(),
    mismatches: [] as string[],
    overLimit: [] as string[],
    active: [] as string[],
    given: new Map<string, { ctx: unknown; output: unknown }>(),
    aborter: new AbortController(),
  }));
  /** The run of a key, and the path within it. */
  const placeOf = (key: string) => {
    const [run, _pipeline, ...path] = key.replace(/(~\d+|(@\d+)?!undo)$/, "").split("/");
    return { stage: stages[Number(run)]!, path: path.join("/") };
  };
  const play = (leaf: Leaf) => {
    const undo = (key: string) => {
      const { stage, path } = placeOf(key);
      stage.undos.push(path);
      if (leaf.undoFails) throw new Error(`undo of ${path}`);
    };
    return step({
      name: `s${leaf.id}`,
      retry: { count: leaf.retries },
      run: async (ctx, { key, attempt, defer }) => {
        const { stage, path } = placeOf(key);
        stage.active.push(path);
        stage.overLimit.push(...groupsOverLimit(stage.active, names));
        if (stage.events.filter(({ what }) => what === "start").length === abortAt) {
          stage.aborter.abort();
        }
        stage.events.push({ what: "start", path });
        await ticks(leaf.ticks);
        stage.active.splice(stage.active.indexOf(path), 1);
        if (attempt <= leaf.failures) {
          const error = new Error(`failure of ${path}`);
          stage.thrown.set(path, error);
          if (attempt > leaf.retries) {
            stage.failures.set(path, error);
            stage.events.push({ what: "fail", path });
          }
          throw error;
        }
        stage.effects.push(path);
        if (leaf.undo === "defer") defer(() => undo(key));
        const output = { [`s${leaf.id}`]: leaf.id };
        stage.given.set(path, { ctx, output });
        return output;
      },
      ...(leaf.undo === "rollback" && {
        rollback: (ctx: Context, output: Context, { key }: { key: string }) => {
          const { stage, path } = placeOf(key);
          const seen = stage.given.get(path);
          if (ctx !== seen?.ctx || JSON.stringify(output) !== JSON.stringify(seen.output)) {
            stage.mismatches.push(path);
          }
          undo(key);
        },
      }),
    });
  };
  const p = pipeline({ name: "p", steps: [build(tree, play, names)] });
  return await Promise.all(stages.map(async (stage, run) => {
    const args = { list: [1, 2] };
    const watches: Promise<unknown>[] = [];
    const result = await p.run(args as never, {
      signal: stage.aborter.signal,
      runId: `${run}`,
      waitUntil: (watch) => watches.push(watch),
      // Late undos may fail too.
      onLate: () => {},
    });
    await Promise.all(watches);
    return { ...stage, names, args, result, aborted: stage.aborter.signal.aborted };
  }));
}

/** The groups that exceed their limit of items in flight. */
function groupsOverLimit(active: readonly string[], names: Map<string, Tree>): string[] {
  const inFlight = new Map<string, Set<string>>();
  for (const path of active) {
    for (const { index } of path.matchAll(/\[(\d+)\]/g)) {
      const group = path.slice(0, index);
      inFlight.set(group, (inFlight.get(group) ?? new Set()).add(path.slice(index).split("]")[0]!));
    }
  }
  return [...inFlight].filter(([group, items]) => {
    const tree = names.get(group.split("/").at(-1)!);
    return tree !== undefined && "policy" in tree && items.size > tree.policy.concurrency;
  }).map(([group]) => group);
}

/**
 * The item or branch whose failure is collected when this leaf fails; `undefined` when the run
 * fails.
 */
function collector(path: string, names: Map<string, Tree>): string | undefined {
  const segments = path.split("/");
  const n = segments.findLastIndex((segment) => {
    const tree = names.get(nameOf(segment));
    return tree && "policy" in tree && tree.policy.onFailure === "collect";
  });
  if (n < 0) return undefined;
  const isItem = segments[n] !== nameOf(segments[n]!);
  if (isItem) return segments.slice(0, n + 1).join("/");
  // A branch that is a collection fails with all of its items.
  return [...segments.slice(0, n + 1), nameOf(segments[n + 1]!)].join("/");
}

/**
 * The path of the innermost group around a leaf, if it is sequential and ends with the leaf's
 * failure.
 */
function endedBy(path: string, names: Map<string, Tree>): string | undefined {
  const segments = path.split("/");
  const n = segments.findLastIndex((segment) => "policy" in (names.get(nameOf(segment)) ?? {}));
  const tree = names.get(nameOf(segments[n] ?? ""));
  if (!tree || !("policy" in tree) || tree.policy.concurrency > 1) return undefined;
  return tree.policy.onFailure === "abort"
    ? [...segments.slice(0, n), nameOf(segments[n]!)].join("/")
    : undefined;
}

/** A segment of a path without the item's index. */
function nameOf(segment: string): string {
  return segment.replace(/\[\d+\]$/, "");
}

/** The order of two paths in the tree as written. */
function compare(a: string, b: string, names: Map<string, Tree>): number {
  const [first, second] = [a.split("/"), b.split("/")];
  for (const [n, part] of first.entries()) {
    const other = second[n]!;
    if (part === other) continue;
    const [name, item] = part.split(/\[(\d+)\]$/);
    const [otherName, otherItem] = other.split(/\[(\d+)\]$/);
    return name === otherName
      ? Number(item) - Number(otherItem)
      : names.get(name!)!.id - names.get(otherName!)!.id;
  }
  return 0;
}

/** The undos within a collected item, which the failure of the run did not cause. */
function collected({ failures, names, effects }: Story): string[] {
  const items = [...failures.keys()].map((path) => collector(path, names)).filter((item) =>
    item !== undefined
  );
  const isIn = (path: string, item: string) =>
    `${path}/`.startsWith(`${item}/`) || path.startsWith(`${item}[`);
  return effects.filter((path) => items.some((item) => isIn(path, item)));
}

const scenarios = fc.tuple(trees(true), fc.integer({ min: -10, max: 6 }));

describe("a random tree of combinators", () => {
  it("never rejects, and fails if and only if a failure was not collected (invariant 1)", async () => {
    await property(scenarios, async ([tree, abortAt]) => {
      const { result, failures, names, aborted } = await tell(tree, abortAt);
      const uncollected = [...failures.keys()].filter((path) => !collector(path, names));
      if (!aborted) assertEquals(result.success, uncollected.length === 0);
      else assert(!result.success);
    });
  });

  it("fails with the errors of its own leaves, in the order written", async () => {
    await property(trees(true), async (tree) => {
      const { result, thrown, names } = await tell(tree);
      if (result.success) return;
      const leafErrors = [...thrown].toSorted(([a], [b]) => compare(a, b, names)).map((
        [, error],
      ) => error);
      const flat = (error: Error): Error[] =>
        error instanceof AggregateError ? error.errors.flatMap(flat) : [error];
      const errors = flat(result.error).map((error) =>
        isRunsheetError(error, "RETRY_EXHAUSTED") ? error.lastError : error
      );
      const places = errors.map((error) => leafErrors.indexOf(error));
      assert(places.length > 0 && places.every((place) => place >= 0), `${errors}`);
      assertEquals(places, places.toSorted((a, b) => a - b));
    });
  });

  it("undoes every effect that happened exactly once, and nothing else (invariant 2)", async () => {
    await property(scenarios, async ([tree, abortAt]) => {
      const story = await tell(tree, abortAt);
      const due = story.result.success ? collected(story) : story.effects;
      assertEquals(story.undos.toSorted(), due.toSorted());
    });
  });

  it("undoes in reverse of the order written, whichever finished first (invariant 3)", async () => {
    await property(trees(true).filter(isUndoneInTurn), async (tree) => {
      const story = await tell(tree);
      if (story.result.success || collected(story).length > 0) return;
      const { undos, names } = story;
      assertEquals(undos, undos.toSorted((a, b) => compare(b, a, names)));
    });
  });

  it("gives a handler exactly the context and output of its run (invariant 4)", async () => {
    await property(trees(true), async (tree) => {
      assertEquals((await tell(tree)).mismatches, []);
    });
  });

  it("leaves what the caller gave as it was (invariant 7)", async () => {
    await property(trees(true), async (tree) => {
      const { args } = await tell(tree);
      assertEquals(args, { list: [1, 2] });
      assertFalse(Object.isFrozen(args) || Object.isFrozen(args.list));
    });
  });

  it("reports every undo, completed or failed, by its path (invariant 5)", async () => {
    await property(trees(true), async (tree) => {
      const { result, undos } = await tell(tree);
      if (result.success) return;
      const { completed, failed } = result.rollback;
      const reported = [...completed, ...failed.map((failure) => failure.step)];
      assertEquals(
        reported.map((path) => path.replace(" (deferred)", "")).toSorted(),
        undos.toSorted(),
      );
    });
  });

  it("keeps concurrent runs of one object apart (invariant 6)", async () => {
    await property(trees(true), async (tree) => {
      const alone = await tell(tree);
      for (const { result, effects, undos, mismatches } of await tellTogether(tree, 3)) {
        assertEquals(mismatches, []);
        assertEquals(result.success, alone.result.success);
        assertEquals(effects.toSorted(), alone.effects.toSorted());
        assertEquals(undos.toSorted(), alone.undos.toSorted());
      }
    });
  });

  it("has the data of a plain calculation when nothing fails (invariant 8)", async () => {
    await property(trees(false), async (tree) => {
      const { result, undos } = await tell(tree);
      assert(result.success);
      assertEquals(result.data, { list: [1, 2], ...expected(tree) });
      assertEquals(undos, []);
    });
  });

  it("has the same data when it is inside a parallel or a pipeline of its own (invariant 8)", async () => {
    await property(trees(false), async (tree) => {
      const id = 1_000;
      const policy = { concurrency: 1, onFailure: "abort", undoConcurrency: 1 } as const;
      for (
        const wrapped of [
          { kind: "sequence", id, children: [tree] },
          { kind: "parallel", id, children: [tree], policy },
        ] as const
      ) {
        const [plain, inside] = [await tell(tree), await tell(wrapped)];
        assert(plain.result.success && inside.result.success);
        assertEquals(inside.result.data, plain.result.data);
        assertEquals(inside.effects.length, plain.effects.length);
      }
    });
  });

  it("starts nothing more in a group that runs one at a time once it has failed", async () => {
    await property(trees(true), async (tree) => {
      const { events, names } = await tell(tree);
      for (const [n, { what, path }] of events.entries()) {
        if (what === "start") continue;
        const group = endedBy(path, names);
        const later = events.slice(n + 1).filter((event) => event.what === "start");
        if (group) assertEquals(later.filter((event) => event.path.startsWith(group)), []);
      }
    });
  });

  it("never has more items of a group in flight than its limit", async () => {
    await property(trees(true), async (tree) => {
      assertEquals((await tell(tree)).overLimit, []);
    });
  });
});
