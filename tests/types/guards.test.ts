// Type guards in when and choice narrow the context of their step.
import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  choice,
  parallel,
  pipeline,
  type ProvidesOf,
  type RequiresOf,
  step,
  typed,
  when,
} from "@runsheet/runsheet";
import { describe, it } from "node:test";
import { dataOf } from "../support/results.ts";

interface User {
  name: string;
}
interface Card {
  kind: "card";
  token: string;
}
interface Bank {
  kind: "bank";
  iban: string;
}
interface Cash {
  kind: "cash";
}
type Payment = Card | Bank | Cash;

const greet = step({
  name: "greet",
  run: (ctx: { user: User; greeting: string }) => ({ hello: ctx.greeting + ctx.user.name }),
});
const chargeCard = step({
  name: "chargeCard",
  run: (ctx: { payment: Card }) => ({ charge: `card ${ctx.payment.token}` as string }),
});
const chargeBank = step({
  name: "chargeBank",
  run: (ctx: { payment: Bank }) => ({ charge: `bank ${ctx.payment.iban}` as string }),
});
const takeCash = step({
  name: "takeCash",
  run: (ctx: { payment: Cash; drawer: number }) => ({ charge: `drawer ${ctx.drawer}` as string }),
});
const isCard = (ctx: { payment: Payment }): ctx is { payment: Card } => ctx.payment.kind === "card";
const isBank = (ctx: { payment: Payment }): ctx is { payment: Bank } => ctx.payment.kind === "bank";
const hasUser = (ctx: { user: User | null }): ctx is { user: User } => ctx.user !== null;
const card: Payment = { kind: "card", token: "t" };
const bank: Payment = { kind: "bank", iban: "i" };
const cash: Payment = { kind: "cash" };

describe("a type guard", () => {
  it("of when requires of the context the keys that it reads, and the step's needs that it does not prove", async () => {
    const greeted = when(hasUser, greet);
    assertType<IsExact<RequiresOf<typeof greeted>, { user: User | null; greeting: string }>>(true);
    const p = pipeline({ name: "p", steps: [greeted] });
    assertEquals(dataOf(await p.run({ user: { name: "Ann" }, greeting: "Hi " })).hello, "Hi Ann");
    assertEquals(dataOf(await p.run({ user: null, greeting: "Hi " })).hello, undefined);
  });

  it("of when proves that a key is there which an earlier step provides only sometimes", async () => {
    const find = step({ name: "find", run: () => ({ user: { name: "Ann" } }) });
    const found = (ctx: { user?: User }): ctx is { user: User } => ctx.user !== undefined;
    const steps = [
      when((ctx: { known: boolean }) => ctx.known, find),
      when(found, greet),
    ] as const;
    const p = pipeline({ name: "p", steps });
    assertEquals(dataOf(await p.run({ known: true, greeting: "Hi " })).hello, "Hi Ann");
    assertEquals(dataOf(await p.run({ known: false, greeting: "Hi " })).hello, undefined);
  });

  it("of choice narrows its own branch, and later ones by the types that it has ruled out", async () => {
    const pay = choice([isCard, chargeCard], [isBank, chargeBank], takeCash);
    assertType<IsExact<RequiresOf<typeof pay>, { payment: Payment; drawer: number }>>(true);
    assertType<IsExact<ProvidesOf<typeof pay>, { charge: string }>>(true);
    const p = pipeline({ name: "p", steps: [pay] });
    const charges = [card, bank, cash].map(async (payment) =>
      dataOf(await p.run({ payment, drawer: 5 })).charge
    );
    assertEquals(await Promise.all(charges), ["card t", "bank i", "drawer 5"]);
  });

  it("of choice narrows args that are a union", async () => {
    type Args = { kind: "a"; a: string } | { kind: "b"; b: number };
    const a = step({ name: "a", run: (ctx: { a: string }) => ({ size: ctx.a.length }) });
    const b = step({ name: "b", run: (ctx: { b: number }) => ({ size: ctx.b }) });
    const isA = (ctx: Args): ctx is Extract<Args, { kind: "a" }> => ctx.kind === "a";
    const sized = choice([isA, a], b);
    const p = pipeline({ name: "p", argsSchema: typed<Args>(), steps: [sized] });
    assertEquals(dataOf(await p.run({ kind: "a", a: "tea" })).size, 3);
    assertEquals(dataOf(await p.run({ kind: "b", b: 7 })).size, 7);
  });

  it("that narrows several keys rules out none of them", () => {
    const both = (ctx: { payment: Payment; user: User | null }): ctx is {
      payment: Card;
      user: User;
    } => ctx.payment.kind === "card" && ctx.user !== null;
    const pay = choice([both, chargeCard], takeCash);
    assertType<IsExact<RequiresOf<typeof pay>["user"], User | null>>(true);
    pipeline({
      name: "p",
      argsSchema: typed<{ payment: Payment; user: User | null; drawer: number }>(),
      // @ts-expect-error a payment that is no cash may reach takeCash
      steps: [pay],
    });
  });

  it("works in combinators in combinators", async () => {
    const pay = when(
      (ctx: { paid: boolean }) => !ctx.paid,
      parallel(choice([isCard, chargeCard], [isBank, chargeBank]), when(hasUser, greet)),
    );
    const args = { paid: false, payment: bank, user: { name: "Bob" }, greeting: "Hi " };
    const data = dataOf(await pipeline({ name: "p", steps: [pay] }).run(args));
    assertEquals([data.charge, data.hello], ["bank i", "Hi Bob"]);
  });
});

describe("a type guard in a builder", () => {
  const open = pipeline({
    name: "p",
    argsSchema: typed<
      { payment: Payment; user: User | null; greeting: string; drawer: number; paid?: boolean }
    >(),
  });

  it("may annotate the keys of the context that it reads", async () => {
    const p = open.when(hasUser, greet)
      .choice([isCard, chargeCard], [isBank, chargeBank], takeCash)
      .build();
    const args = { payment: cash, user: { name: "Ann" }, greeting: "Hi ", drawer: 1 };
    const data = dataOf(await p.run(args));
    assertType<IsExact<typeof data.charge, string>>(true);
    assertEquals([data.hello, data.charge], ["Hi Ann", "drawer 1"]);
  });

  it("may narrow the context so far", async () => {
    const p = open
      .when((ctx): ctx is typeof ctx & { user: User } => ctx.user !== null, greet)
      .choice(
        [(ctx): ctx is typeof ctx & { payment: Card } => ctx.payment.kind === "card", chargeCard],
        [(ctx): ctx is typeof ctx & { payment: Bank } => ctx.payment.kind === "bank", chargeBank],
        takeCash,
      )
      .build();
    const data = dataOf(
      await p.run({ payment: card, user: null, greeting: "Hi ", drawer: 1 }),
    );
    assertType<IsExact<typeof data.payment, Payment>>(true);
    assertEquals([data.hello, data.charge], [undefined, "card t"]);
  });

  it("may read an arg that no step needs, if args are inferred", async () => {
    const p = pipeline({ name: "p" }).when((ctx: { vip: boolean }) => ctx.vip, greet).build();
    assertType<
      IsExact<Parameters<typeof p.run>[0], { vip: boolean; user: User; greeting: string }>
    >(true);
    const data = dataOf(await p.run({ vip: true, user: { name: "Ann" }, greeting: "Hi " }));
    assertEquals(data.hello, "Hi Ann");
  });
});
