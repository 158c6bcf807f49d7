// Branches and items, as observers see them, and the progress of a group.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  type AnyStep,
  choice,
  distribute,
  fallback,
  filter,
  flatMap,
  map,
  type Middleware,
  parallel,
  pipeline,
  step,
} from "@runsheet/runsheet";
import { observe, type Progress } from "@runsheet/runsheet/observe";
import { seeSpans } from "../support/spans.ts";
import { boom, fail, logged } from "../support/steps.ts";

const send = step({
  name: "send",
  run: ({ n }: { n: number }) => {
    if (n < 0) throw boom;
    return { sent: n };
  },
  rollback: () => {},
});

/** The spans of a run of one step in a pipeline, without the run's own. */
async function treeOf(one: AnyStep, args = {}): Promise<string[]> {
  const { observer, tree } = seeSpans();
  await pipeline({ name: "p", steps: [one] }).run(args as never, { observer });
  return tree().slice(1).map((line) => line.slice(2));
}

/** The progress that a step reports. */
async function progressOf(one: AnyStep, args = {}): Promise<Progress[]> {
  const all: Progress[] = [];
  const observer = observe(() => ({ progress: (progress) => void all.push(progress) }));
  await pipeline({ name: "p", steps: [one] }).run(args as never, { observer });
  return all;
}

describe("the spans of a group", () => {
  it("are those of its branches", async () => {
    assertEquals(await treeOf(parallel(logged("a", []), logged("b", []))), [
      "step parallel(a, b) ok",
      "  step parallel(a, b)/a ok",
      "    attempt parallel(a, b)/a@1 ok",
      "  step parallel(a, b)/b ok",
      "    attempt parallel(a, b)/b@1 ok",
    ]);
  });

  it("are those of the predicates that were asked, and of the branch that was chosen", async () => {
    const one = choice([() => false, logged("a", [])], [() => true, logged("b", [])], fail);
    assertEquals(await treeOf(one), [
      "step choice(a, b, fail) ok",
      "  predicate choice(a, b, fail)?a ok",
      "  predicate choice(a, b, fail)?b ok",
      "  step choice(a, b, fail)/b ok",
      "    attempt choice(a, b, fail)/b@1 ok",
    ]);
  });

  it("are one for each item of a function", async () => {
    const double = map("doubled", () => [1, 2], (n) => 2 * n);
    const twice = flatMap("twice", () => [1], (n) => [n, n]);
    const odd = filter("odd", () => [1], (n) => n % 2 === 1);
    assertEquals([await treeOf(double), await treeOf(twice), await treeOf(odd)], [
      ["step map(doubled) ok", "  item map(doubled)[0] ok", "  item map(doubled)[1] ok"],
      ["step flatMap(twice) ok", "  item flatMap(twice)[0] ok"],
      ["step filter(odd) ok", "  predicate filter(odd)[0] ok"],
    ]);
  });

  it("are those of the step that runs for each item, with its number", async () => {
    for (
      const [name, one] of [
        ["distribute(all)", distribute("all", { ns: "n" }, send)],
        ["map(all)", map("all", ({ ns }: { ns: number[] }) => ns, send, { as: "n" })],
      ] as const
    ) {
      const { observer, tree, spans } = seeSpans();
      await pipeline({ name: "p", steps: [one] }).run({ ns: [1, 2] }, { observer });
      assertEquals(tree().slice(1), [
        `  step ${name} ok`,
        `    step ${name}[0]/send ok`,
        `      attempt ${name}[0]/send@1 ok`,
        `    step ${name}[1]/send ok`,
        `      attempt ${name}[1]/send@1 ok`,
      ]);
      const steps = spans.filter(({ kind }) => kind === "step");
      assertEquals(steps.map(({ index }) => index), [undefined, 0, 1]);
    }
  });

  it("have the rollback of an item that is collected as a failure", async () => {
    const two = pipeline({ name: "two", steps: [logged("first", []), send] });
    const one = map("all", () => [{ n: -1 }], two, { onFailure: "collect" });
    assertEquals((await treeOf(one)).filter((line) => !line.includes("attempt")), [
      "step map(all) ok",
      "  step map(all)[0]/two failed: boom",
      "    step map(all)[0]/two/first ok",
      "    step map(all)[0]/two/send failed: boom",
      "  rollback map(all)[0]!rollback ok",
      "    undo map(all)[0]/two/first!undo ok",
    ]);
  });
});

describe("the branches of a parallel that are collected as failures", () => {
  it("have rollbacks with ids of their own", async () => {
    const two = (name: string) => pipeline({ name, steps: [logged(`${name}1`, []), fail] });
    const both = parallel.with({ onFailure: "collect", failures: "failed" })(two("a"), two("b"));
    const rollbacks = (await treeOf(both)).filter((line) => line.includes("rollback"));
    assertEquals(rollbacks, [
      "  rollback parallel(a, b)[0]!rollback ok",
      "  rollback parallel(a, b)[1]!rollback ok",
    ]);
  });
});

describe("a fallback whose alternative fails as well", () => {
  const inTurn = (name: string) => pipeline({ name, steps: [logged(`${name}1`, []), fail] });
  const both = fallback(inTurn("a"), inTurn("b"));
  const rollbacksOf = (lines: readonly string[]) =>
    lines.map((line) => line.trim()).filter((line) => line.startsWith("rollback"));

  it("has a rollback of the failed step, apart from that of the run", async () => {
    const { observer, tree } = seeSpans();
    await both.run({}, { observer });
    assertEquals(rollbacksOf(tree()), [
      "rollback fallback(a, b)/a!rollback ok",
      "rollback fallback(a, b)!rollback ok",
    ]);
  });

  it("has one apart from that of a middleware that recovers", async () => {
    const { observer, tree } = seeSpans();
    const recover: Middleware = (_step, next) => async (ctx) => {
      await next(ctx);
      return { success: true, data: {} };
    };
    await pipeline({ name: "p", steps: [both], middleware: [recover] }).run({}, { observer });
    assertEquals(rollbacksOf(tree()), [
      "rollback fallback(a, b)/a!rollback ok",
      "rollback fallback(a, b)!rollback ok",
    ]);
  });
});

describe("the progress of a group", () => {
  const done = (total?: number) =>
    [1, 2].map((done) => ({ done, failed: 0, ...(total !== undefined && { total }) }));

  it("counts branches", async () => {
    assertEquals(await progressOf(parallel(logged("a", []), logged("b", []))), done(2));
  });

  for (
    const [kind, items, total] of [
      ["an array", () => [1, 2], 2],
      ["a set", () => new Set([1, 2]), 2],
      ["a Map, whose values count", () => new Map([["a", 1], ["b", 2]]), 2],
      ["a promise of an array", () => Promise.resolve([1, 2]), 2],
      ["a generator", () => [1, 2].values(), undefined],
      ["an async generator", async function* () {
        yield* [1, 2];
      }, undefined],
    ] as const
  ) {
    it(`counts the items of ${kind}${total ? "" : ", without a total"}`, async () => {
      const one = map("out", items as () => Iterable<number>, (n) => n);
      assertEquals(await progressOf(one), done(total));
      assertEquals(await progressOf(filter("out", items as () => Iterable<number>, () => true)), [
        ...done(total),
      ]);
    });
  }

  it("knows how many combinations a distribute has", async () => {
    const both = step({ name: "both", run: (_: { a: number; b: number }) => ({ c: 1 }) });
    const all = await progressOf(distribute("all", { as: "a", bs: "b" }, both), {
      as: [1, 2],
      bs: [1, 2, 3],
    });
    assertEquals(all.map(({ done }) => done), [1, 2, 3, 4, 5, 6]);
    assertEquals(all.map(({ total }) => total), Array(6).fill(6));
  });

  it("counts failures, collected or not", async () => {
    const ns = [{ n: 1 }, { n: -1 }, { n: 2 }];
    const collected = map("all", () => ns, send, { onFailure: "collect", concurrency: 1 });
    const settled = map("all", () => ns, send, { onFailure: "settle", concurrency: 1 });
    const expected = [
      { done: 1, failed: 0, total: 3 },
      { done: 2, failed: 1, total: 3 },
      { done: 3, failed: 1, total: 3 },
    ];
    assertEquals(await progressOf(collected), expected);
    assertEquals(await progressOf(settled), expected);
  });

  it("is reported for the group that has the items, even if it runs alone", async () => {
    const { observer, lines } = seeSpans();
    await map("out", () => [1], (n) => n).run({}, { observer });
    assertEquals(lines.filter((line) => line.startsWith("progress")), [
      "progress run 1/1, 0 failed",
    ]);
  });
});
