import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertFalse,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { type AnyStep, type Context, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { dataOf, failureOf } from "../support/results.ts";
import { type Mode, seenDeep, seenOf } from "../support/seen.ts";
import { fail } from "../support/steps.ts";

/** A dependency whose methods work only on the original instance. */
class Gateway {
  readonly #charges = new Map<string, number>();
  get count(): number {
    return this.#charges.size;
  }
  charge(orderId: string, amount: number): string {
    this.#charges.set(orderId, amount);
    return `ch_${this.count}`;
  }
}

class Registry extends Map<string, number> {}
class Stack extends Array<number> {}

const modes: Record<string, Mode> = {
  "by default": {},
  "with immutable deep": { immutable: "deep" },
};

for (const [how, mode] of Object.entries(modes)) {
  describe(`dependencies in the args, ${how}`, () => {
    const schemas = {
      arktype: type({ orderId: "string", amount: "string.numeric.parse", gateway: "object" }),
      zod: z.object({
        orderId: z.string(),
        amount: z.coerce.number<string>(),
        gateway: z.instanceof(Gateway),
      }),
      valibot: v.object({
        orderId: v.string(),
        amount: v.pipe(v.string(), v.transform(Number)),
        gateway: v.instance(Gateway),
      }),
    };
    for (const [dialect, argsSchema] of Object.entries(schemas)) {
      it(`work in every step, through the schemas of ${dialect}`, async () => {
        const charge = step({
          name: "charge",
          requires: type({
            orderId: "string",
            amount: "number",
            gateway: type.instanceOf(Gateway),
          }),
          run: ({ gateway, orderId, amount }) => ({ chargeId: gateway.charge(orderId, amount) }),
        });
        const again = step({
          name: "again",
          run: ({ gateway }: { gateway: Gateway }) => ({ second: gateway.charge("second", 1) }),
        });
        const steps: readonly AnyStep[] = [charge, pipeline({ name: "nested", steps: [again] })];
        const p = pipeline({ name: "p", argsSchema, steps, ...mode });
        const gateway = new Gateway();
        const data = dataOf(await p.run({ orderId: "o1", amount: "50", gateway }));
        assertEquals([data.chargeId, data.second, gateway.count], ["ch_1", "ch_2", 2]);
        assertStrictEquals(data.gateway, gateway);
      });
    }

    it("pass through unchanged: instances, functions, and frozen objects", async () => {
      const args = {
        gateway: new Gateway(),
        now: () => 5,
        registry: new Registry([["a", 1]]),
        stack: Stack.from([1]),
        pattern: /a/g,
        error: new Error("any"),
        promise: Promise.resolve(1),
        symbol: Symbol("s"),
      };
      const seen = await seenOf(mode, args);
      for (const [key, value] of Object.entries(args)) {
        assertStrictEquals(seen[key as keyof typeof args], value, key);
      }
      seen.registry.set("b", 2);
      assertFalse(Object.isFrozen(args.gateway) || Object.isFrozen(args.now));
    });

    it("of one run are not those of another, so mocks can be swapped in", async () => {
      const counting = step({
        name: "counting",
        run: ({ gateway }: { gateway: Gateway }) => void gateway.charge(`o${gateway.count}`, 1),
      });
      const p = pipeline({ name: "p", steps: [counting], ...mode });
      const [real, mock] = [new Gateway(), new Gateway()];
      await p.run({ gateway: real });
      await p.run({ gateway: mock });
      await p.run({ gateway: mock });
      assertEquals([real.count, mock.count], [1, 2]);
    });

    it("and all other args are neither frozen nor changed", async () => {
      const args = { list: [{ n: 1 }], map: new Map([["a", { n: 1 }]]), set: new Set([1]) };
      await seenOf(mode, args);
      assertEquals([Object.keys(args), args.list], [["list", "map", "set"], [{ n: 1 }]]);
      assertEquals([[...args.map], [...args.set]], [[["a", { n: 1 }]], [1]]);
      for (const mine of [args, args.list, args.list[0], args.map, args.map.get("a"), args.set]) {
        assertFalse(Object.isFrozen(mine));
      }
      args.map.set("b", { n: 2 });
      args.set.add(2);
    });

    it("may be a frozen object", async () => {
      const args = Object.freeze({ list: Object.freeze([1]), deep: Object.freeze({ n: 1 }) });
      assertEquals(await seenOf(mode, args), args);
    });
  });
}

describe("without immutable", () => {
  it("a context is frozen at its top level only, and its values are the caller's own", async () => {
    const args = { list: [1] };
    const seen = await seenOf({}, args);
    assert(Object.isFrozen(seen));
    assertStrictEquals(seen.list, args.list);
  });
});

describe("immutable: 'deep'", () => {
  it("copies and freezes nested objects and arrays all the way down", async () => {
    const args = { order: { lines: [{ sku: "tea", sizes: [1, 2] }] } };
    const { order } = await seenDeep(args);
    assertEquals(order, args.order);
    const parts = [order, order.lines, order.lines[0], order.lines[0]?.sizes];
    assert(parts.every(Object.isFrozen));
    assertNotStrictEquals(order.lines[0], args.order.lines[0]);
    assertThrows(() => order.lines.push({ sku: "milk", sizes: [] }), TypeError);
  });

  it("copies Maps, keys and values too, and refuses their changes", async () => {
    const args = { stock: new Map([[{ sku: "tea" }, { left: 1 }]]) };
    const { stock } = await seenDeep(args);
    assertEquals([...stock], [...args.stock]);
    const [[key, value] = []] = [...stock];
    assert([stock, key, value].every(Object.isFrozen));
    const changes = [() => stock.set({ sku: "a" }, { left: 1 }), () => stock.delete(key!)];
    for (const change of [...changes, () => stock.clear()]) {
      assertThrows(change, TypeError, "as it is called on a part of an immutable context");
    }
    assertEquals([stock.size, stock.get(key!), stock.has(key!)], [1, value, true]);
  });

  it("copies Sets, and refuses their changes", async () => {
    const args = { tags: new Set([{ tag: "a" }]) };
    const { tags } = await seenDeep(args);
    assertEquals([...tags], [...args.tags]);
    const [first] = tags;
    assert([tags, first].every(Object.isFrozen));
    for (const change of [() => tags.add({ tag: "b" }), () => tags.delete(first!)]) {
      assertThrows(change, TypeError, "as it is called on a part of an immutable context");
    }
    assertThrows(() => tags.clear(), TypeError, "Cannot call 'clear'");
    assertEquals(tags.size, 1);
  });

  it("passes instances inside plain data through", async () => {
    const gateway = new Gateway();
    const seen = await seenDeep({ deps: { list: [gateway], byName: new Map([["g", gateway]]) } });
    assertStrictEquals(seen.deps.list[0], gateway);
    assertStrictEquals(seen.deps.byName.get("g"), gateway);
    assertFalse(Object.isFrozen(gateway));
  });

  it("keeps cycles, and the identity of one object in two places", async () => {
    interface Loop {
      self?: Loop;
      list: unknown[];
    }
    const loop: Loop = { list: [] };
    loop.self = loop;
    loop.list.push(loop, new Map([["loop", loop]]));
    const shared = { n: 1 };
    const seen = await seenDeep({ loop, a: shared, b: [shared] });
    assertStrictEquals(seen.loop.self, seen.loop);
    assertStrictEquals(seen.loop.list[0], seen.loop);
    assertStrictEquals((seen.loop.list[1] as Map<string, unknown>).get("loop"), seen.loop);
    assertStrictEquals(seen.b[0], seen.a);
    assertNotStrictEquals(seen.loop, loop);
    assertFalse(Object.isFrozen(loop));
  });

  it("keeps objects without a prototype, symbols as keys, and properties that are not enumerable", async () => {
    const key = Symbol("key");
    const bare: Record<PropertyKey, unknown> = Object.create(null, { hidden: { value: [1] } });
    bare[key] = { n: 1 };
    const seen = await seenDeep({ bare });
    assertEquals(Object.getPrototypeOf(seen.bare), null);
    assertEquals([seen.bare[key], seen.bare.hidden], [{ n: 1 }, [1]]);
    assertEquals(Object.keys(seen.bare), []);
    assert(Object.isFrozen(seen.bare[key]));
  });

  it("reads a getter once, and its value stays", async () => {
    let reads = 0;
    const data = {
      get n() {
        return ++reads;
      },
    };
    const seen = await seenDeep({ data });
    assertEquals([seen.data.n, seen.data.n, reads], [1, 1, 1]);
  });

  it("applies to the outputs of steps and to the data, not to the step's own object", async () => {
    const own = { order: { lines: [1] } };
    const seen: (typeof own)[] = [];
    const add = step({ name: "add", run: () => own });
    const look = step({ name: "look", run: (ctx: typeof own) => void seen.push(ctx) });
    const p = pipeline({ name: "p", steps: [add, look], immutable: "deep" });
    const data = dataOf(await p.run());
    for (const { order } of [seen[0]!, data]) {
      assert(Object.isFrozen(order) && Object.isFrozen(order.lines));
    }
    own.order.lines.push(2);
    assertEquals(data.order.lines, [1]);
  });

  it("applies to the values that schemas return for args, contexts and outputs", async () => {
    const frozen: boolean[] = [];
    const list = type({ list: type("string").pipe((text) => text.split(",")) });
    const parsing = step({
      name: "parsing",
      requires: list,
      provides: list,
      run: (ctx) => {
        frozen.push(Object.isFrozen(ctx.list));
        return { list: "c,d" };
      },
      rollback: (_ctx, output) => void frozen.push(Object.isFrozen(output.list)),
    });
    const steps = [parsing, fail];
    failureOf(await pipeline({ name: "p", steps, immutable: "deep" }).run({ list: "a,b" }));
    const quiet = step({
      name: "quiet",
      run: (ctx: Context) => void frozen.push(Object.isFrozen(ctx.list)),
    });
    const p = pipeline({
      name: "p",
      argsSchema: list,
      steps: [quiet],
      output: type({ list: type("string[]").pipe((texts) => texts.map((text) => [text])) }),
      immutable: "deep",
    });
    const data = dataOf(await p.run({ list: "a,b" }));
    assertEquals([data.list, Object.isFrozen(data.list[0])], [[["a"], ["b"]], true]);
    assertEquals(frozen, [true, true, true]);
  });

  it("applies in nested pipelines, too, but not in the parent of one that sets it", async () => {
    const frozen: boolean[] = [];
    const add = step({ name: "add", run: () => ({ list: [1] }) });
    const look = step({
      name: "look",
      run: (ctx: { list: number[] }) => void frozen.push(Object.isFrozen(ctx.list)),
    });
    const inner = pipeline({ name: "inner", steps: [add, look] });
    await pipeline({ name: "p", steps: [inner], immutable: "deep" }).run();
    const deep = pipeline({ name: "deep", steps: [look], immutable: "deep" });
    await pipeline({ name: "p", steps: [add, deep, look] }).run();
    assertEquals(frozen, [true, true, false]);
  });

  it("does not pollute a prototype by the key __proto__ inside the data", async () => {
    const data = JSON.parse('{ "__proto__": { "polluted": true } }');
    const seen = await seenDeep({ data });
    assertEquals(({} as { polluted?: boolean }).polluted, undefined);
    assertEquals(Object.getPrototypeOf(seen.data), Object.prototype);
  });
});

describe("args that a schema only checks", () => {
  const argsSchema = type({ skus: "string[]" });
  const push = step({
    name: "push",
    requires: argsSchema,
    run: ({ skus }) => {
      skus.push("coffee");
    },
  });

  it("are frozen all the way down in a deep pipeline, and the caller's own are not", async () => {
    const skus = ["tea"];
    const p = pipeline({ name: "p", argsSchema, immutable: "deep", steps: [push] });
    assert(failureOf(await p.run({ skus })).error instanceof TypeError);
    assertEquals(skus, ["tea"]);
    assertFalse(Object.isFrozen(skus));
  });

  it("are the caller's own beyond the top level by default", async () => {
    const skus = ["tea"];
    dataOf(await pipeline({ name: "p", argsSchema, steps: [push] }).run({ skus }));
    assertEquals(skus, ["tea", "coffee"]);
  });
});
