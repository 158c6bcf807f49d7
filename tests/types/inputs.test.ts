// Steps whose inputs have other names: the inferred types, and proof that the values have them.
import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type AnyStep,
  choice,
  deps,
  distribute,
  fallback,
  map,
  parallel,
  pipeline,
  type ProvidesOf,
  type RequiresOf,
  resource,
  step,
  typed,
  when,
  withInputs,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { describe, it } from "node:test";
import { dataOf } from "../support/results.ts";

const send = step({
  name: "send",
  run: (ctx: { email: string; copy?: string; text: string }) => ({
    mail: [ctx.email, ctx.copy, ctx.text].join(" "),
  }),
});
const byOwner = withInputs(send, { email: "ownerEmail", copy: "assistant" });

describe("a step whose inputs have other names", () => {
  it("requires these names, as certain and of the same types, and provides the same keys", async () => {
    assertType<
      IsExact<
        RequiresOf<typeof byOwner>,
        { text: string; ownerEmail: string; assistant?: string }
      >
    >(true);
    assertType<IsExact<ProvidesOf<typeof byOwner>, { mail: string }>>(true);
    assertType<IsExact<typeof byOwner.name, "send">>(true);
    const result = await byOwner.run({ ownerEmail: "ada", text: "hello" });
    assertEquals(dataOf(result), { mail: "ada  hello" });
  });

  it("infers them as args of a pipeline, and takes them from the steps before it", async () => {
    const find = step({ name: "find", run: (): { ownerEmail: string } => ({ ownerEmail: "ada" }) });
    const alone = pipeline({ name: "alone", steps: [byOwner] });
    assertType<
      IsExact<
        Parameters<typeof alone.run>[0],
        { text: string; ownerEmail: string; assistant?: string }
      >
    >(true);
    const p = pipeline({ name: "p", argsSchema: type({ text: "string" }), steps: [find, byOwner] });
    const data = dataOf(await p.run({ text: "hello" }));
    assertType<IsExact<typeof data, Readonly<{ text: string; ownerEmail: string; mail: string }>>>(
      true,
    );
    assertEquals(data, { text: "hello", ownerEmail: "ada", mail: "ada  hello" });
    const built = pipeline({ name: "p", argsSchema: typed<{ text: string }>() }).step(find)
      .step(withInputs(send, { email: "ownerEmail" }))
      .build();
    assertEquals(dataOf(await built.run({ text: "hello" })).mail, "ada  hello");
  });

  it("keeps its schemas, whose defaults and morphs it sees under its own names", async () => {
    const charge = step({
      name: "charge",
      requires: type({ amount: "string.numeric.parse", currency: "string = 'EUR'" }),
      provides: type({ charged: "string" }),
      run: (ctx) => ({ charged: `${ctx.amount + 1} ${ctx.currency}` }),
    });
    const deposit = withInputs(charge, { amount: "deposit", currency: "accountCurrency" });
    assertType<
      IsExact<RequiresOf<typeof deposit>, { deposit: string; accountCurrency?: string }>
    >(true);
    // Its own names in the context are somebody else's.
    const context = { deposit: "7", amount: "1", currency: "USD" };
    assertEquals(dataOf(await deposit.run(context)), { charged: "8 EUR" });
    const p = pipeline({ name: "p", argsSchema: type({ deposit: "string" }), steps: [deposit] });
    assertEquals(dataOf(await p.run({ deposit: "7" })), { deposit: "7", charged: "8 EUR" });
  });

  it("may swap names, and give several inputs one name, whose types then all apply", async () => {
    const subtract = step({
      name: "subtract",
      run: ({ a, b }: { a: number; b: number | string }) => ({ difference: a - Number(b) }),
    });
    const swapped = withInputs(subtract, { a: "b", b: "a" });
    assertType<IsExact<RequiresOf<typeof swapped>, { b: number; a: number | string }>>(true);
    assertEquals(dataOf(await swapped.run({ a: 1, b: 5 })), { difference: 4 });
    const same = withInputs(subtract, { a: "n", b: "n" });
    assertType<IsExact<RequiresOf<typeof same>["n"], number>>(true);
    assertEquals(dataOf(await same.run({ n: 5 })), { difference: 0 });
    const over = withInputs(subtract, { b: "a" });
    assertType<IsExact<RequiresOf<typeof over>["a"], number>>(true);
    assertEquals(dataOf(await over.run({ a: 5 })), { difference: 0 });
  });

  it("works inside every combinator and around it, and twice in one pipeline", async () => {
    const item = { ownerEmail: "ada", text: "hi" };
    const each = withInputs(send, { email: "ownerEmail" });
    const args = { ...item, list: ["ada", "bo"], buyer: "cy" };
    const data = dataOf(
      await pipeline({
        name: "p",
        argsSchema: typed<typeof args>(),
        steps: [
          when((ctx) => ctx.ownerEmail === "ada", each),
          choice([(ctx) => ctx.ownerEmail !== "ada", each], each),
          fallback(each, each),
          parallel(each),
          map("items", () => [item], each),
          map("named", (ctx: { list: string[] }) => ctx.list, each, { as: "ownerEmail" }),
          distribute("spread", { list: "ownerEmail" }, each),
          withInputs(distribute("again", { list: "email" }, send), { list: "list" }),
          withInputs(pipeline({ name: "inner", steps: [each] }), { ownerEmail: "buyer" }),
        ],
      }).run(args),
    );
    const [ada, bo, cy] = ["ada", "bo", "cy"].map((name) => ({ mail: `${name}  hi` }));
    assertEquals(data, {
      ...args,
      ...cy!,
      items: [ada!],
      named: [ada!, bo!],
      spread: [ada!, bo!],
      again: [ada!, bo!],
    });
  });

  it("may take deps and resources by other names, also inside a pipeline that declares deps", async () => {
    interface Db {
      find(id: string): string;
    }
    const find = step({
      name: "find",
      run: ({ db, id }: { db: Db; id: string }) => ({ row: db.find(id) }),
    });
    const inner = pipeline({ name: "inner", deps: deps<{ db: Db }>(), steps: [find] });
    const replica = resource({
      name: "replica",
      acquire: (): Db => ({ find: (id) => `copy of ${id}` }),
      release: () => {},
    });
    const p = pipeline({
      name: "p",
      argsSchema: type({ id: "string" }),
      deps: deps<{ main: Db }>(),
      steps: [
        withInputs(inner, { db: "main" }),
        replica,
        map("copies", () => [{}], withInputs(find, { db: "replica" })),
      ],
    });
    const data = dataOf(
      await p.run({ id: "7" }, { deps: { main: { find: (id) => `row ${id}` } } }),
    );
    assertType<
      IsExact<typeof data, Readonly<{ id: string; row: string; copies: { row: string }[] }>>
    >(true);
    assertEquals(data, { id: "7", row: "row 7", copies: [{ row: "copy of 7" }] });
  });

  it("takes any names for a step of unknown type", () => {
    const any = withInputs(send as AnyStep, { whatever: "else" });
    assertType<IsExact<RequiresOf<typeof any>, never>>(true);
  });
});
