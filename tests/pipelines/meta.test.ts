import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { choice, map, parallel, pipeline, type RunMeta, step, when } from "@runsheet/runsheet";
import { fail } from "../support/steps.ts";

const a = step({ name: "a", run: () => Promise.resolve({ a: 1 }) });
const b = step({ name: "b/c", run: () => ({ b: 2 }) });

describe("the steps that a combinator which is run by itself has executed", () => {
  const cases: [string, () => Promise<{ meta: RunMeta }>, string[]][] = [
    ["are those of a group, in order", () => parallel(a, b).run({}), ["a", "b%2Fc"]],
    ["have the one that failed among them", () => parallel(a, fail).run({}), ["a", "fail"]],
    ["are apart when they have one name", () => parallel(a, a).run({}), ["a", "a#2"]],
    ["are the step whose predicate holds", () => when(() => true, a).run({}), ["a"]],
    ["are none where no predicate does", () => when(() => false, a).run({}), []],
    ["are the branch that was chosen", () => choice([() => false, a], b).run({}), ["b%2Fc"]],
    ["are the step of the items, once", () => map("m", () => [{}, {}], a).run({}), ["a"]],
    ["are none without an item", () => map("m", () => [], a).run({}), []],
    ["are a function's own name", () => map("m", () => [1], () => 1).run({}), ["map(m)"]],
  ];
  for (const [name, run, expected] of cases) {
    it(name, async () => assertEquals((await run()).meta.stepsExecuted, expected));
  }
});

describe("the id of a run", () => {
  const p = pipeline({ name: "p", steps: [a] });

  it("is the caller's", async () => {
    assertEquals((await p.run({}, { runId: "order-1" })).meta.runId, "order-1");
    assertEquals((await a.run({}, { runId: "order-1" })).meta.runId, "order-1");
  });

  it("is one that is made up, the same as in the keys, and stays the same", async () => {
    const keyed = step({ name: "keyed", run: (_ctx, { key }) => ({ key }) });
    const { meta, data } = await pipeline({ name: "p", steps: [keyed] }).run();
    assertMatch(meta.runId, /^[-0-9a-f]{36}$/);
    assertEquals(data?.key, `${meta.runId}/p/keyed`);
    assertEquals(meta.runId, meta.runId);
  });

  it("is there of a run whose options are refused", async () => {
    const { success, meta } = await p.run({}, { signal: 1 as never });
    assert(!success);
    assertMatch(meta.runId, /^[-0-9a-f]{36}$/);
  });

  it("keeps the keys of two pipelines with one run id apart, and escapes the name of a step alone", async () => {
    const keyed = step({ name: "keyed/x", run: (_ctx, { key }) => ({ key }) });
    const one = await pipeline({ name: "one/1", steps: [keyed] }).run({}, { runId: "r" });
    const two = await pipeline({ name: "two", steps: [keyed] }).run({}, { runId: "r" });
    const alone = await keyed.run({}, { runId: "r" });
    assertEquals([one, two, alone].map(({ data }) => data?.key), [
      "r/one%2F1/keyed%2Fx",
      "r/two/keyed%2Fx",
      "r/keyed%2Fx",
    ]);
  });
});
