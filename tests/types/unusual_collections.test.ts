// Correct programs with collections of unusual shape: the compiler must accept all of them, and
// each must behave as its types say.
import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type AnyStep,
  distribute,
  filter,
  flatMap,
  map,
  pipeline,
  type RequiresOf,
  step,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { describe, it } from "node:test";
import { dataOf } from "../support/results.ts";

describe("the compiler accepts", () => {
  const price = step({
    name: "price",
    run: (ctx: { sku: string; rate: number }) => ({ label: `${ctx.sku} ${ctx.rate}` }),
  });

  it("callbacks of one collection that read different keys of the context", async () => {
    const priced = map("priced", (ctx: { prices: number[] }) => ctx.prices, (n, ctx: {
      rate: number;
    }) => n * ctx.rate);
    const dear = filter("dear", (ctx: { prices: number[] }) => ctx.prices, (n, ctx: {
      min: number;
    }) => n > ctx.min);
    const pairs = flatMap("pairs", (ctx: { prices: number[] }) => ctx.prices, (n, ctx: {
      other: string;
    }) => [n, ctx.other]);
    assertType<IsExact<RequiresOf<typeof priced>, { prices: number[]; rate: number }>>(true);
    const p = pipeline({ name: "p", steps: [priced, dear, pairs] });
    const data = dataOf(await p.run({ prices: [1, 2], rate: 3, min: 1, other: "x" }));
    assertType<IsExact<typeof data.pairs, (string | number)[]>>(true);
    assertEquals([data.priced, data.dear, data.pairs], [[3, 6], [2], [1, "x", 2, "x"]]);
  });

  it("a key that only some items have, as the context has it for the others", async () => {
    const items = [{ sku: "tea", rate: 5 }, { sku: "cup" }];
    const labels = map(
      "labels",
      (ctx: { items: { sku: string; rate?: number }[] }) => ctx.items,
      price,
    );
    const p = pipeline({ name: "p", steps: [labels] });
    const data = dataOf(await p.run({ items, rate: 1 }));
    assertEquals(data.labels, [{ label: "tea 5" }, { label: "cup 1" }]);
  });

  it("items that are a union", async () => {
    type Line = { kind: "a"; sku: string; rate: number } | { kind: "b"; sku: string; rate: 7 };
    const labels = map("labels", (ctx: { lines: Line[] }) => ctx.lines, price);
    const lines: Line[] = [{ kind: "a", sku: "tea", rate: 1 }, { kind: "b", sku: "cup", rate: 7 }];
    const data = dataOf(await pipeline({ name: "p", steps: [labels] }).run({ lines }));
    assertEquals(data.labels, [{ label: "tea 1" }, { label: "cup 7" }]);
  });

  it("items that are unknown before requires has validated them", async () => {
    const check = step({
      name: "check",
      requires: type({ row: { sku: "string" } }),
      run: ({ row }) => row,
    });
    const rows = map("rows", (ctx: { lines: unknown[] }) => ctx.lines, check, {
      as: "row",
      onFailure: "collect",
    });
    const p = pipeline({ name: "p", steps: [rows] });
    const data = dataOf(await p.run({ lines: [{ sku: "tea" }, 5] }));
    assertEquals(data.rows.map((row) => "sku" in row ? row.sku : row.item), ["tea", 5]);
  });

  it("items of any type", async () => {
    const labels = map("labels", () => JSON.parse('[{ "sku": "tea", "rate": 2 }]'), price);
    const data = dataOf(await pipeline({ name: "p", steps: [labels] }).run());
    assertEquals(data.labels, [{ label: "tea 2" }]);
  });

  it("a step of unknown type, whose results are then unknown", async () => {
    const plugin: AnyStep = price;
    const labels = map("labels", () => [{ sku: "tea", rate: 2 }], plugin);
    const data = dataOf(await pipeline({ name: "p", steps: [labels] }).run());
    assertType<IsExact<typeof data.labels, unknown[]>>(true);
    assertEquals(data.labels, [{ label: "tea 2" }]);
  });

  it("the values of a Map, a Set of keys, an async generator, a promise of a list", async () => {
    const p = pipeline({ name: "p" })
      .map("a", () => new Map([["x", { sku: "tea", rate: 1 }]]), price)
      .map(
        "b",
        () => new Set(["cup"]),
        step({
          name: "length",
          run: (ctx: { sku: string }) => ({ length: ctx.sku.length }),
        }),
        { as: "sku" },
      )
      .flatMap("c", async function* () {
        yield* await Promise.resolve([1, 2]);
      }, (n) => new Set([n, n]))
      .filter("d", (ctx) => Promise.resolve(ctx.c), (n) => Promise.resolve(n > 1))
      .build();
    const data = dataOf(await p.run());
    assertType<IsExact<typeof data.c, number[]>>(true);
    assertEquals(data, { a: [{ label: "tea 1" }], b: [{ length: 3 }], c: [1, 2], d: [2] });
  });

  it("a function that is passed by name", async () => {
    const data = dataOf(
      await pipeline({
        name: "p",
        steps: [
          map("sizes", () => ["1", "20"], Number),
          map("parsed", () => ["1", "[]"], (text) => JSON.parse(text)),
          filter("full", () => ["", "a"], Boolean),
        ],
      }).run(),
    );
    assertType<IsExact<typeof data.sizes, number[]>>(true);
    assertEquals(data, { sizes: [1, 20], parsed: [1, []], full: ["a"] });
  });

  it("a list that is mapped to a key of its own name", async () => {
    const double = step({ name: "double", run: (ctx: { n: number }) => ({ twice: ctx.n * 2 }) });
    const doubled = distribute("doubled", { n: "n" }, double);
    assertType<IsExact<RequiresOf<typeof doubled>, { n: readonly number[] }>>(true);
    const data = dataOf(await pipeline({ name: "p", steps: [doubled] }).run({ n: [1, 2] }));
    assertEquals(data.doubled, [{ twice: 2 }, { twice: 4 }]);
  });
});
