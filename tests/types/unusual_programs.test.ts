// Correct programs of unusual shape: the compiler must accept all of them, and each must behave as
// its types say.
import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type AnyStep,
  choice,
  type Context,
  filter,
  map,
  parallel,
  type Pipeline,
  pipeline,
  type Step,
  step,
  typed,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { describe, it } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import { dataOf } from "../support/results.ts";

const yes = () => true;

describe("the compiler accepts", () => {
  it("a step that reads and rewrites an arg, before one that needs it", async () => {
    const trim = step({
      name: "trim",
      run: (ctx: { text: string }) => ({ text: ctx.text.trim() }),
    });
    const count = step({ name: "count", run: (ctx: { text: string }) => ({ n: ctx.text.length }) });
    const p = pipeline({ name: "p", steps: [count, trim, count] });
    assertEquals(dataOf(await p.run({ text: " a " })), { text: "a", n: 1 });
  });

  it("a key whose literal type changes from step to step", async () => {
    const open = step({ name: "open", run: () => ({ status: "open" as const }) });
    const pay = step({
      name: "pay",
      run: (_: { status: "open" }) => ({ status: "paid" as const }),
    });
    const ship = step({
      name: "ship",
      run: (_: { status: "paid" }) => ({ status: "sent" as const }),
    });
    const data = dataOf(await pipeline({ name: "p", steps: [open, pay, ship] }).run());
    assertType<IsExact<typeof data, { status: "sent" }>>(true);
    assertEquals(data, { status: "sent" });
  });

  it("a sum that begins with a literal", async () => {
    const sum = step({
      name: "sum",
      run: (ctx: { prices: number[] }) => ({
        total: ctx.prices.reduce((all, one) => all + one, 0),
      }),
    });
    const data = dataOf(await pipeline({ name: "p", steps: [sum] }).run({ prices: [1, 2] }));
    assertType<IsExact<typeof data.total, number>>(true);
    assertEquals(data.total, 3);
  });

  it("a step whose needs are all optional", async () => {
    const greet = step({
      name: "greet",
      requires: type({ name: "string = 'you'" }),
      run: (ctx) => ({ greeting: `Hello ${ctx.name}` }),
    });
    const other = step({ name: "other", run: () => ({ other: 1 }) });
    const p = pipeline({ name: "p", steps: [other, greet] });
    assertEquals(dataOf(await p.run()).greeting, "Hello you");
    assertEquals(dataOf(await p.run({ name: "Ann" })).greeting, "Hello Ann");
    const given = pipeline({ name: "p", argsSchema: type({ id: "string" }), steps: [greet] });
    assertEquals(dataOf(await given.run({ id: "1" })).greeting, "Hello you");
  });

  it("an arg that one step needs and another does not require", async () => {
    const may = step({ name: "may", run: (ctx: { n?: number }) => ({ a: ctx.n ?? 0 }) });
    const must = step({ name: "must", run: (ctx: { n: number }) => ({ b: ctx.n }) });
    const p = pipeline({ name: "p", steps: [may, must] });
    assertType<IsExact<Parameters<typeof p.run>[0], { n: number }>>(true);
    assertEquals(dataOf(await p.run({ n: 1 })), { n: 1, a: 1, b: 1 });
  });

  it("args that are a union", async () => {
    const argsSchema = type({ kind: "'a'", x: "number" }).or({ kind: "'b'", y: "string" });
    const log = step({ name: "log", run: (ctx: { kind: "a" | "b" }) => ({ log: ctx.kind }) });
    const p = pipeline({ name: "p", argsSchema, steps: [log] });
    const data = dataOf(await p.run({ kind: "b", y: "text" }));
    assertEquals(data.kind === "b" ? data.y.length : data.x, 4);
  });

  it("steps that are known only at run time", async () => {
    const steps: AnyStep[] = [1, 2].map((n) =>
      step({ name: `s${n}`, run: () => ({ [`n${n}`]: n }) })
    );
    const p = pipeline({ name: "p", steps });
    assertEquals(dataOf(await p.run({ anything: true })), { anything: true, n1: 1, n2: 2 });
  });

  it("a step of unknown type among others", async () => {
    const plugin: AnyStep = step({ name: "plugin", run: (ctx: { n: number }) => ({ m: ctx.n }) });
    const one = step({ name: "one", run: () => ({ n: 1 }) });
    const two = step({ name: "two", run: (ctx: { n: number }) => ({ k: ctx.n }) });
    const p = pipeline({ name: "p", steps: [one, plugin, two] });
    assertEquals(dataOf(await p.run()), { n: 1, m: 1, k: 1 } as { n: 1; k: number });
    const built = pipeline({ name: "p" }).step(one).step(plugin).step(two).build();
    assertEquals(dataOf(await built.run()).k, 1);
  });

  it("a list of steps that pipelines share", async () => {
    const load = step({ name: "load", run: (ctx: { id: string }) => ({ user: { id: ctx.id } }) });
    const check = step({
      name: "check",
      run: (ctx: { user: { id: string } }) => ({ ok: ctx.user.id }),
    });
    const common = [load, check] as const;
    const done = step({ name: "done", run: (ctx: { ok: string }) => ({ done: ctx.ok }) });
    assertEquals(
      dataOf(await pipeline({ name: "p", steps: [...common, done] }).run({ id: "1" })).done,
      "1",
    );
  });

  it("a function that makes steps for any key", async () => {
    function counter<K extends string>(
      key: K,
    ): Step<`count ${K}`, { [k in K]: string }, { [k in `${K}Length`]: number }> {
      const made: unknown = step({
        name: `count ${key}`,
        run: (ctx: Context) => ({ [`${key}Length`]: String(ctx[key]).length }),
      });
      return made as Step<`count ${K}`, { [k in K]: string }, { [k in `${K}Length`]: number }>;
    }
    const p = pipeline({ name: "p", steps: [counter("title"), counter("body")] });
    assertEquals(dataOf(await p.run({ title: "ab", body: "c" })).titleLength, 2);
  });

  it("a function that makes steps which provide any key, with inferred types", async () => {
    const copyTo = <K extends string>(key: K) =>
      step({
        name: `copy to ${key}`,
        run: ({ id }: { id: string }) => ({ [key]: id }) as Record<K, string>,
      });
    const shout = step({
      name: "shout",
      run: (ctx: { user: string }) => ({ text: `${ctx.user}!` as string }),
    });
    const data = dataOf(
      await pipeline({ name: "p", steps: [copyTo("user"), shout] }).run({ id: "1" }),
    );
    assertType<IsExact<typeof data, { id: string; user: string; text: string }>>(true);
    assertEquals(data, { id: "1", user: "1", text: "1!" });
  });

  it("a nested pipeline that morphs an arg, which stays as it was outside", async () => {
    const double = step({
      name: "double",
      run: (ctx: { amount: number }) => ({ twice: ctx.amount * 2 }),
    });
    const inner = pipeline({
      name: "inner",
      argsSchema: type({ amount: "string.numeric.parse" }),
      steps: [double],
    });
    const show = step({
      name: "show",
      run: (ctx: { amount: string }) => ({ shown: `${ctx.amount}!` }),
    });
    const data = dataOf(await pipeline({ name: "p", steps: [inner, show] }).run({ amount: "5" }));
    assertType<IsExact<typeof data, { amount: string; twice: number; shown: `${string}!` }>>(true);
    assertEquals(data, { amount: "5", twice: 10, shown: "5!" });
  });

  it("a pipeline three deep, in a strict one that gives it its args", async () => {
    const load = step({ name: "load", provides: type({ id: "string" }), run: () => ({ id: "1" }) });
    const use = step({ name: "use", run: (ctx: { id: string }) => ({ used: ctx.id }) });
    const inner = pipeline({ name: "inner", steps: [use] });
    const middle = pipeline({ name: "middle", steps: [inner] });
    const p = pipeline({ name: "p", strict: true, steps: [load, middle] });
    assertEquals(dataOf(await p.run()), { id: "1", used: "1" });
  });

  it("a client that no schema describes", async () => {
    class Database {
      #rows = ["a"];
      rows(): string[] {
        return this.#rows;
      }
    }
    const read = step({
      name: "read",
      requires: typed<{ db: Database }>(),
      run: ({ db }) => ({ rows: db.rows() }),
    });
    const argsSchema = typed<{ db: Database; limit: number }>();
    const p = pipeline({ name: "p", argsSchema, steps: [read] });
    assertEquals(dataOf(await p.run({ db: new Database(), limit: 1 })).rows, ["a"]);
  });

  it("a pipeline with an annotated type, inside another", async () => {
    const add = step({ name: "add", run: (ctx: { a: number }) => ({ b: ctx.a + 1 }) });
    const inner: Pipeline<"inner", { a: number }, { a: number; b: number }> = pipeline({
      name: "inner",
      steps: [add],
    });
    const use = step({ name: "use", run: (ctx: { b: number }) => ({ c: ctx.b }) });
    const p = pipeline({ name: "p", steps: [inner, use] });
    assertEquals(dataOf(await p.run({ a: 1 })), { a: 1, b: 2, c: 2 });
  });

  it("args and needs that are interfaces", async () => {
    interface Order {
      id: string;
      lines: readonly { sku: string }[];
    }
    const ship = step({ name: "ship", run: (ctx: Order) => ({ parcels: ctx.lines.length }) });
    const p = pipeline({ name: "p", argsSchema: typed<Order>(), steps: [ship] });
    const order: Order = { id: "1", lines: [{ sku: "tea" }] };
    assertEquals(dataOf(await p.run(order)).parcels, 1);
  });

  it("a step that returns one of several shapes", async () => {
    const find = step({
      name: "find",
      run: (ctx: { id: string }): { found: true; name: string } | { found: false } =>
        ctx.id === "1" ? { found: true, name: "Ann" } : { found: false },
    });
    const use = step({
      name: "use",
      run: (ctx: { found: boolean; name?: string }) => ({ who: ctx.name ?? "-" }),
    });
    const p = pipeline({ name: "p", steps: [find, use] });
    assertEquals(dataOf(await p.run({ id: "2" })).who, "-");
  });

  it("steps that return nothing, anything, or never return", async () => {
    const nothing = step({ name: "nothing", run: () => {} });
    const anything = step({ name: "anything", run: () => JSON.parse("{}") });
    const never = step({
      name: "never",
      run: () => {
        throw new Error("never");
      },
    });
    const p = pipeline({ name: "p", steps: [nothing, anything, when(() => false, never)] });
    assertEquals(dataOf(await p.run()), {});
  });

  it("a step that provides undeclared keys", async () => {
    const settings = step({
      name: "settings",
      run: (): Record<string, string> => ({ theme: "dark" }),
    });
    const use = step({ name: "use", run: (ctx: { user: string }) => ({ used: ctx.user }) });
    const p = pipeline({ name: "p", steps: [settings, use] });
    assertType<IsExact<Parameters<typeof p.run>[0], { user: string }>>(true);
    assertEquals(dataOf(await p.run({ user: "Ann" })).used, "Ann");
  });

  it("a schema that lets more keys pass", async () => {
    const use = step({
      name: "use",
      requires: z.looseObject({ id: z.string() }),
      run: (ctx) => ({ keys: Object.keys(ctx).length }),
    });
    const other = step({ name: "other", run: (ctx: { other: number }) => ({ more: ctx.other }) });
    const p = pipeline({ name: "p", steps: [use, other] });
    assertType<IsExact<Parameters<typeof p.run>[0], { id: string; other: number }>>(true);
    assertEquals(dataOf(await p.run({ id: "1", other: 2 })).keys, 2);
  });

  it("keys that are nearly the same", async () => {
    const all = step({
      name: "all",
      run: (ctx: { items: string[] }) => ({ first: ctx.items[0] ?? "" }),
    });
    const one = step({
      name: "one",
      run: (ctx: { item: string; first: string }) => ({ same: ctx.item === ctx.first }),
    });
    assertEquals(
      dataOf(await pipeline({ name: "p", steps: [all, one] }).run({ items: ["a"], item: "a" }))
        .same,
      true,
    );
  });

  it("schemas of three libraries in one pipeline", async () => {
    const a = step({
      name: "a",
      provides: z.object({ a: z.coerce.number() }),
      run: () => ({ a: "1" }),
    });
    const b = step({
      name: "b",
      requires: v.object({ a: v.number() }),
      provides: v.object({ b: v.pipe(v.number(), v.transform(String)) }),
      run: (ctx) => ({ b: ctx.a + 1 }),
    });
    const c = step({ name: "c", requires: type({ b: "string" }), run: (ctx) => ({ c: ctx.b }) });
    assertEquals(dataOf(await pipeline({ name: "p", steps: [a, b, c] }).run()), {
      a: 1,
      b: "2",
      c: "2",
    });
  });

  it("combinators in combinators in combinators", async () => {
    const a = step({ name: "a", run: (ctx: { n: number }) => ({ a: ctx.n }) });
    const b = step({ name: "b", run: () => ({ b: "b" }) });
    const tree = parallel(
      when((ctx) => ctx.n > 0, choice([(ctx: { n: number }) => ctx.n > 10, b], a)),
      map("squares", (ctx: { numbers: number[] }) => ctx.numbers, (n) => n * n),
      pipeline({ name: "inner", steps: [parallel(when(yes, b))] }),
    );
    const p = pipeline({ name: "p", steps: [tree] });
    assertType<IsExact<Parameters<typeof p.run>[0], { n: number; numbers: number[] }>>(true);
    assertEquals(dataOf(await p.run({ n: 1, numbers: [2] })), {
      n: 1,
      numbers: [2],
      a: 1,
      squares: [4],
      b: "b",
    });
  });

  it("a map of a step that takes some needs from its items and some from the context", async () => {
    const mail = step({
      name: "mail",
      run: (ctx: { user: { email: string }; from: string }) => ({ to: ctx.user.email + ctx.from }),
    });
    const mails = map("mails", (ctx: { users: { email: string }[] }) => ctx.users, mail, {
      as: "user",
    });
    const p = pipeline({
      name: "p",
      argsSchema: typed<{ users: { email: string }[]; from: string }>(),
      steps: [mails],
    });
    assertEquals(dataOf(await p.run({ users: [{ email: "a" }], from: "b" })).mails, [{ to: "ab" }]);
  });

  it("a filter that narrows, over an async source", async () => {
    async function* source(): AsyncGenerator<string | number> {
      yield 1;
      yield "a";
    }
    const texts = filter(
      "texts",
      () => source(),
      (item): item is string => typeof item === "string",
    );
    const data = dataOf(await pipeline({ name: "p", steps: [texts] }).run());
    assertType<IsExact<typeof data, { texts: string[] }>>(true);
    assertEquals(data.texts, ["a"]);
  });

  it("functions, symbols and tuples in the context", async () => {
    const tag = Symbol("tag");
    const use = step({
      name: "use",
      run: (ctx: { now: () => number; pair: readonly [string, number]; tag: symbol }) => ({
        sum: ctx.now() + ctx.pair[1],
      }),
    });
    const argsSchema = typed<{ now: () => number; pair: [string, number]; tag: symbol }>();
    const p = pipeline({ name: "p", argsSchema, steps: [use] });
    assertEquals(dataOf(await p.run({ now: () => 1, pair: ["a", 2], tag })).sum, 3);
  });

  it("a fork of a builder, and middleware anywhere in it", async () => {
    const a = step({ name: "a", run: () => ({ n: 1 }) });
    const base = pipeline({ name: "p" }).use((_, next) => next).step(a);
    const left = base.map("list", (ctx) => [ctx.n], (n) => n + 1).build();
    const right = base.when((ctx) => ctx.n > 5, step({ name: "b", run: () => ({ m: 2 }) })).build();
    assertEquals(dataOf(await left.run()).list, [2]);
    assertEquals(dataOf(await right.run()), { n: 1 });
    let given = pipeline({ name: "q" }).step(step({ name: "c", run: () => {} }));
    if (Date.now() > 0) given = given.step(a);
    assertEquals(dataOf(await given.build().run()), { n: 1 });
  });

  it("an output that morphs what the context holds", async () => {
    const a = step({ name: "a", run: () => ({ n: "5", rest: true }) });
    const p = pipeline({ name: "p", steps: [a], output: type({ n: "string.numeric.parse" }) });
    const outer = pipeline({
      name: "outer",
      steps: [p, step({ name: "b", run: (ctx: { n: number }) => ({ m: ctx.n }) })],
    });
    assertEquals(dataOf(await outer.run()), { n: 5, m: 5 });
  });
});
