// More correct programs of unusual shape, as written by somebody who has read only the docs.
import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type AnyStep,
  choice,
  distribute,
  fallback,
  filter,
  flatMap,
  map,
  type NameOf,
  parallel,
  type Pipeline,
  pipeline,
  type ProvidesOf,
  type RequiresOf,
  type Result,
  step,
  typed,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { describe, it } from "node:test";
import { dataOf } from "../support/results.ts";

const add = step({ name: "add", run: (ctx: { n: number }) => ({ m: ctx.n + 1 }) });

describe("the compiler also accepts", () => {
  it("a generic function that wraps a step", async () => {
    const twice = <S extends AnyStep>(one: S) => parallel(one, one);
    const data = dataOf(await pipeline({ name: "p", steps: [twice(add)] }).run({ n: 1 }));
    assertType<IsExact<typeof data, { n: number; m: number }>>(true);
    assertEquals(data, { n: 1, m: 2 });
  });

  it("a function over pipelines with the same args", async () => {
    const sumOf = async <T>(p: Pipeline<string, { n: number }, T>, ns: number[]) =>
      await Promise.all(ns.map((n) => p.run({ n })));
    const results: Result<{ n: number; m: number }>[] = await sumOf(
      pipeline({ name: "p", steps: [add] }),
      [1, 2],
    );
    assertEquals(results.map((result) => dataOf(result).m), [2, 3]);
  });

  it("a step whose context is a union, alone and in a pipeline", async () => {
    type Shape = { kind: "square"; side: number } | { kind: "text"; text: string };
    const size = step({
      name: "size",
      run: (ctx: Shape) => ({ size: ctx.kind === "square" ? ctx.side : ctx.text.length }),
    });
    assertEquals(dataOf(await size.run({ kind: "text", text: "ab" })), { size: 2 });
    const p = pipeline({ name: "p", steps: [size] });
    assertEquals(dataOf(await p.run({ kind: "square", side: 3 })).size, 3);
  });

  it("a method of a class, bound to its object", async () => {
    class Prices {
      readonly rate = 2;
      of(ctx: { amount: number }) {
        return { price: ctx.amount * this.rate };
      }
    }
    const prices = new Prices();
    const price = step({ name: "price", run: prices.of.bind(prices) });
    assertEquals(dataOf(await price.run({ amount: 3 })), { price: 6 });
  });

  it("keys that are numbers, symbols and brands", async () => {
    type Id = string & { readonly brand: "id" };
    const tag: unique symbol = Symbol("tag");
    const put = step({ name: "put", run: () => ({ 1: "one", [tag]: true, id: "a" as Id }) });
    const take = step({
      name: "take",
      run: (ctx: { 1: string; [tag]: boolean; id: Id }) => ({ got: [ctx[1], ctx[tag], ctx.id] }),
    });
    assertEquals(dataOf(await pipeline({ name: "p", steps: [put, take] }).run()).got, [
      "one",
      true,
      "a",
    ]);
  });

  it("a type that contains itself, rewritten by one step again and again", async () => {
    interface Tree {
      readonly value: number;
      readonly children: readonly Tree[];
    }
    const down = step({
      name: "down",
      run: (ctx: { tree: Tree }) => ({ tree: ctx.tree.children[0] ?? ctx.tree }),
    });
    const leaf = { value: 2, children: [] };
    const p = pipeline({ name: "p", steps: [down, down, down] });
    assertEquals(dataOf(await p.run({ tree: { value: 1, children: [leaf] } })).tree, leaf);
  });

  it("collections made by generators, of pairs and of tuples", async () => {
    const counted = map("counted", function* (ctx: { n: number }) {
      for (let i = 0; i < ctx.n; i++) yield { i };
    }, ({ i }) => i);
    const pairs = flatMap(
      "pairs",
      (ctx: { of: Record<string, number> }) => Object.entries(ctx.of),
      function* ([key, n]) {
        yield `${key}${n}`;
      },
    );
    const kinds = map("kinds", (ctx: { pair: [string, number] }) => ctx.pair, (one) => typeof one);
    const data = dataOf(
      await pipeline({ name: "p", steps: [counted, pairs, kinds] })
        .run({ n: 2, of: { a: 1 }, pair: ["b", 2] }),
    );
    assertType<IsExact<typeof data.counted, number[]>>(true);
    assertType<IsExact<typeof data.pairs, string[]>>(true);
    assertEquals([data.counted, data.pairs, data.kinds], [[0, 1], ["a1"], ["string", "number"]]);
  });

  it("Boolean as a predicate", async () => {
    const given = filter("given", (ctx: { all: (string | undefined)[] }) => ctx.all, Boolean);
    assertEquals(dataOf(await given.run({ all: ["a", undefined] })), { given: ["a"] });
  });

  it("a mapping that is written elsewhere, of three lists", async () => {
    const mapping = { as: "a", bs: "b", cs: "c" } as const;
    const join = step({
      name: "join",
      run: (ctx: { a: string; b: number; c: boolean; end: string }) => ({
        text: `${ctx.a}${ctx.b}${ctx.c}${ctx.end}`,
      }),
    });
    const p = pipeline({ name: "p", steps: [distribute("texts", mapping, join)] });
    const data = dataOf(await p.run({ as: ["x"], bs: [1, 2], cs: [true], end: "!" }));
    assertEquals(data.texts, [{ text: "x1true!" }, { text: "x2true!" }]);
  });

  it("a map in a pipeline in a map", async () => {
    const scale = step({
      name: "scale",
      run: (ctx: { x: number; factor: number }) => ({ y: ctx.x * ctx.factor }),
    });
    const row = pipeline({
      name: "row",
      steps: [map("ys", (ctx: { xs: number[] }) => ctx.xs, scale, { as: "x" })],
    });
    const p = pipeline({
      name: "p",
      steps: [map("rows", (ctx: { grid: number[][] }) => ctx.grid, row, { as: "xs" })],
    });
    const data = dataOf(await p.run({ grid: [[1], [2]], factor: 3 }));
    assertType<IsExact<typeof data.rows, { ys: { y: number }[] }[]>>(true);
    assertEquals(data.rows, [{ ys: [{ y: 3 }] }, { ys: [{ y: 6 }] }]);
  });

  it("a fallback that reads more than its step, inside a when", async () => {
    const failing = step({
      name: "failing",
      run: (_: { n: number }): { m: number } => {
        throw new Error("down");
      },
    });
    const safe = fallback(failing, (error, ctx: { spare: number }) => ({
      m: error.message.length + ctx.spare,
    }));
    const p = pipeline({ name: "p", steps: [when((ctx: { n: number }) => ctx.n > 0, safe)] });
    const data = dataOf(await p.run({ n: 1, spare: 5 }));
    assertType<IsExact<typeof data, { n: number; spare: number; m?: number }>>(true);
    assertEquals(data.m, 9);
  });

  it("undefined wherever an option may be left out", async () => {
    const bare = step({
      name: "bare",
      requires: undefined,
      provides: undefined,
      rollback: undefined,
      retry: undefined,
      timeout: undefined,
      run: () => ({ a: 1 }),
    });
    const p = pipeline({
      name: "p",
      argsSchema: undefined,
      output: undefined,
      middleware: undefined,
      strict: undefined,
      timeout: undefined,
      steps: [bare],
    });
    const data = dataOf(await p.run(undefined, { signal: undefined, runId: undefined }));
    assertType<IsExact<typeof data, { a: number }>>(true);
  });

  it("a definition and a tuple of steps that are made elsewhere", async () => {
    const definition = { name: "len", run: (ctx: { a: string }) => ({ b: ctx.a.length }) } as const;
    const len = step(definition);
    assertType<
      IsExact<
        [NameOf<typeof len>, RequiresOf<typeof len>, ProvidesOf<typeof len>],
        ["len", { a: string }, { b: number }]
      >
    >(true);
    const pairOf = <A, B>(a: A, b: B): [A, B] => [a, b];
    const p = pipeline({ name: "p", steps: pairOf(add, len) });
    const data = dataOf(await p.run({ n: 1, a: "xy" }));
    assertType<IsExact<typeof data, { n: number; a: string; m: number; b: number }>>(true);
  });

  it("a builder that uses every method and gives only its output", async () => {
    const tell = step({ name: "tell", run: (ctx: { id: string; m: number }) => ({ t: ctx.id }) });
    const p = pipeline({ name: "p", argsSchema: typed<{ ids: string[]; n: number }>() })
      .parallel(add)
      .choice([(ctx) => ctx.n > 1, add], add)
      .fallback(add, (_error, ctx) => ({ m: ctx.n }))
      .distribute("told", { ids: "id" }, tell)
      .flatMap("texts", (ctx) => ctx.told, (one) => [one.t])
      .filter("as", (ctx) => ctx.texts, (text): text is "a" => text === "a")
      .map("out", (ctx) => ctx.as, (a) => a)
      .build({ output: type({ out: "string[]" }) });
    const data = dataOf(await p.run({ ids: ["a", "b"], n: 1 }));
    assertType<IsExact<typeof data, { out: string[] }>>(true);
    assertEquals(data, { out: ["a"] });
    assertEquals(choice([() => true, add]).name, "choice(add)");
  });
});
