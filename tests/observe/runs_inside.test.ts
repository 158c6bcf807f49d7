// Runs that a step starts with its info, as observers see them.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { pipeline, type RunInfo, type RunOptions, step, unwrap } from "@runsheet/runsheet";
import { observe, observeAll } from "@runsheet/runsheet/observe";
import { html, timeline } from "@runsheet/runsheet/report";
import { mermaid } from "@runsheet/runsheet/graph";
import { cleanups } from "../support/cleanup.ts";
import { firstOf, wordsOf } from "../support/recorded.ts";
import { seeSpans } from "../support/spans.ts";
import { fail, logged } from "../support/steps.ts";

/** A pipeline with a step that runs another; `keys` receives the keys of the inner charge. */
function nested(keys: string[] = [], options: (info: RunInfo) => RunOptions = (info) => info) {
  const charge = step({
    name: "charge",
    run: (_ctx, { key }) => void keys.push(key),
    rollback: () => {},
  });
  const pay = pipeline({ name: "pay", steps: [charge] });
  const order = step({
    name: "order",
    run: async (_ctx, info) => void unwrap(await pay.run({}, options(info))),
  });
  return pipeline({ name: "p", steps: [order, fail] });
}

describe("a run inside a step that is given the step's info", () => {
  const { after } = cleanups();

  it("is a run inside the attempt, and its undos are in it", async () => {
    const { observer, tree, spans } = seeSpans();
    await nested().run({}, { observer, runId: "r" });
    assertEquals(tree(), [
      "run failed: boom",
      "  step order ok",
      "    attempt order@1 ok",
      "      run ok",
      "        step charge ok",
      "          attempt charge@1 ok",
      "  step fail failed: boom",
      "    attempt fail@1 failed: boom",
      "  rollback !rollback ok",
      "    undo order@1!defer1 ok",
      "        rollback !undo!rollback ok",
      "          undo charge!undo ok",
    ]);
    const runs = spans.filter(({ kind }) => kind === "run");
    assertEquals(runs.map(({ runId, name, path }) => [runId, name, path]), [
      ["r", "p", ""],
      ["r/p/order@1", "pay", ""],
    ]);
  });

  it("has the same id and keys, whatever observes it", async () => {
    after(() => observeAll());
    const keys: string[] = [];
    const flow = nested(keys);
    await flow.run({}, { runId: "r" });
    await flow.run({}, { runId: "r", observer: seeSpans().observer });
    await nested(keys, (info) => ({ ...info, observer: seeSpans().observer })).run({}, {
      runId: "r",
    });
    observeAll(seeSpans().observer);
    await flow.run({}, { runId: "r" });
    assertEquals(keys, Array(4).fill("r/p/order@1/pay/charge"));
  });

  it("ends at the same microtask, whatever observes it", async () => {
    const counts: number[] = [];
    const pay = pipeline({ name: "pay", steps: [logged("charge", [])] });
    const order = step({
      name: "order",
      run: async (_ctx, info) => {
        let isOver = false;
        pay.run({}, info).then(() => isOver = true);
        let count = 0;
        for (; !isOver; count++) await Promise.resolve();
        counts.push(count);
      },
    });
    await order.run({});
    await order.run({}, { observer: seeSpans().observer });
    assertEquals(counts[1], counts[0]);
  });

  it("is seen once by each observer, of the run or of the process", async () => {
    after(() => observeAll());
    const [own, everywhere] = [seeSpans(), seeSpans()];
    observeAll(everywhere.observer);
    await nested().run({}, { observer: own.observer });
    assertEquals(own.tree(), everywhere.tree());
    assertEquals(own.spans.filter(({ kind }) => kind === "run").length, 2);
  });

  it("is observed alone by an observer of its own, or if that of the run returns false", async () => {
    const [own, outer] = [seeSpans(), seeSpans()];
    await nested([], (info) => ({ ...info, observer: own.observer }))
      .run({}, { observer: outer.observer });
    assertEquals(own.tree()[0], "run ok");
    assertEquals(outer.spans.filter(({ kind }) => kind === "run").length, 1);
    const kinds: string[] = [];
    const observer = observe(({ kind }) => {
      kinds.push(kind);
      return kind === "step" ? false : undefined;
    });
    await nested().run({}, { observer });
    assertEquals(kinds, ["run", "step", "step", "rollback", "undo"]);
  });

  it("is shown where it ran, by a page and a graph, and each undo under its name", async () => {
    const observer = timeline();
    const flow = nested();
    await flow.run({}, { observer });
    assertEquals(observer.runs.length, 1);
    const words = wordsOf(html(firstOf(observer.runs)));
    assertEquals(words.slice(words.indexOf("What ran") + 2, -1), [
      "✓ order",
      "✓ pay",
      "✓ charge",
      "↩ rollback all undone",
      "↩ undo pay/charge",
      "✗ fail failed",
      "Error: boom",
      "↩ rollback all undone",
      "↩ undo order (deferred by attempt 1)",
    ]);
    const graph = mermaid(flow, { run: firstOf(observer.runs) });
    assertEquals([...graph.matchAll(/:::(\w+)/g)].map(([, state]) => state), [
      "undone",
      "failed",
    ]);
  });
});
