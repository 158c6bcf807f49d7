// The inferred types of combinators.
import { assertType, type IsExact } from "@std/testing/types";
import {
  choice,
  distribute,
  filter,
  flatMap,
  map,
  type NameOf,
  parallel,
  pipeline,
  type ProvidesOf,
  type RequiresOf,
  step,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { describe, it } from "node:test";

type Args<P extends { run(...args: never): unknown }> = Parameters<P["run"]>[0];
type Data<P extends { run(...args: never): Promise<unknown> }> = Extract<
  Awaited<ReturnType<P["run"]>>,
  { success: true }
> extends { data: infer D } ? D : never;

const validate = step({
  name: "validate",
  requires: type({ cartId: "string", amount: "number > 0" }),
  provides: type({ orderId: "string", total: "number" }),
  run: (ctx) => ({ orderId: ctx.cartId, total: ctx.amount }),
});
const charge = step({
  name: "charge",
  requires: type({ orderId: "string", total: "number" }),
  provides: type({ chargeId: "string" }),
  run: (ctx) => ({ chargeId: ctx.orderId }),
});
const receipt = step({
  name: "receipt",
  run: (ctx: { chargeId: string; email: string }) => ({ sent: ctx.email !== ctx.chargeId }),
});
const num = step({ name: "num", run: (): { k: number; z: string } => ({ k: 1, z: "z" }) });
const str = step({ name: "str", run: (): { k: string } => ({ k: "s" }) });
const yes = () => true;

describe("a combinator is inferred", () => {
  const card = step({
    name: "card",
    requires: type({ token: "string" }),
    provides: type({ chargeId: "string", last4: "string" }),
    run: (ctx) => ({ chargeId: ctx.token, last4: "" }),
  });
  const bank = step({
    name: "bank",
    requires: type({ iban: "string" }),
    provides: type({ chargeId: "number" }),
    run: (ctx) => ({ chargeId: ctx.iban.length }),
  });
  const free = step({ name: "free", run: () => ({ chargeId: null }) });
  const mail = step({
    name: "mail",
    requires: type({ accountId: "string", orgId: "string" }),
    provides: type({ mailId: "string" }),
    run: (ctx) => ({ mailId: ctx.accountId }),
  });
  interface User {
    id: string;
    email: string;
    vip: boolean;
  }

  it("choice: certain if every branch provides it, and there is a default", () => {
    const c = choice(
      [(ctx) => ctx.token === "", card],
      [(ctx: { method: string; iban: string }) => ctx.method === "x", bank],
      free,
    );
    assertType<IsExact<NameOf<typeof c>, "choice(card, bank, free)">>(true);
    assertType<IsExact<RequiresOf<typeof c>, { token: string; iban: string; method: string }>>(
      true,
    );
    assertType<IsExact<ProvidesOf<typeof c>, { chargeId: string | number | null; last4?: string }>>(
      true,
    );
  });

  it("choice without a default: optional", () => {
    const c = choice([(ctx) => ctx.token === "", card], [yes, bank]);
    assertType<IsExact<ProvidesOf<typeof c>, { chargeId?: string | number; last4?: string }>>(true);
  });

  it("parallel: later branches overwrite earlier ones", () => {
    const all = parallel(num, str, receipt);
    assertType<IsExact<ProvidesOf<typeof all>, { k: string; z: string; sent: boolean }>>(true);
    assertType<IsExact<RequiresOf<typeof all>, { chargeId: string; email: string }>>(true);
    const some = parallel(num, when(yes, str));
    assertType<IsExact<ProvidesOf<typeof some>, { z: string; k: string | number }>>(true);
  });

  it("distribute: lists in place of the mapped keys", () => {
    const d = distribute("mails", { accountIds: "accountId" }, mail);
    assertType<IsExact<RequiresOf<typeof d>, { orgId: string; accountIds: readonly string[] }>>(
      true,
    );
    assertType<IsExact<ProvidesOf<typeof d>, { mails: { mailId: string }[] }>>(true);
    const e = distribute("mails", { accountIds: "accountId", orgs: "orgId" }, mail);
    assertType<
      IsExact<RequiresOf<typeof e>, { accountIds: readonly string[]; orgs: readonly string[] }>
    >(true);
  });

  it("map of a function, and of a step", () => {
    const f = map("mails", (ctx: { users: User[]; from: string }) => ctx.users, (user, ctx) => ({
      to: user.email,
      from: ctx.from,
    }));
    assertType<IsExact<RequiresOf<typeof f>, { users: User[]; from: string }>>(true);
    assertType<IsExact<ProvidesOf<typeof f>, { mails: { to: string; from: string }[] }>>(true);
    const each = step({
      name: "each",
      run: (ctx: { email: string; orgId: string }) => ({ r: ctx.email }),
    });
    const s = map("rs", (ctx: { users: User[] }) => ctx.users, each);
    assertType<IsExact<RequiresOf<typeof s>, { users: User[]; orgId: string }>>(true);
    assertType<IsExact<ProvidesOf<typeof s>, { rs: { r: string }[] }>>(true);
  });

  it("filter, with and without a type guard", () => {
    const f = filter("vips", (ctx: { users: User[] }) => ctx.users, (user) => user.vip);
    assertType<IsExact<ProvidesOf<typeof f>, { vips: User[] }>>(true);
    const g = filter(
      "texts",
      (ctx: { xs: (string | number)[] }) => ctx.xs,
      (x) => typeof x === "string",
    );
    assertType<IsExact<ProvidesOf<typeof g>, { texts: string[] }>>(true);
    const h = filter(
      "xs",
      (ctx: { xs: (string | number)[] }) => ctx.xs,
      (x) => Promise.resolve(x !== 2),
    );
    assertType<IsExact<ProvidesOf<typeof h>, { xs: (string | number)[] }>>(true);
  });

  it("flatMap", () => {
    const f = flatMap(
      "lines",
      (ctx: { orders: { items: string[] }[] }) => ctx.orders,
      (o) => o.items,
    );
    assertType<IsExact<ProvidesOf<typeof f>, { lines: string[] }>>(true);
  });

  it("all of them, in one pipeline", () => {
    const p = pipeline({
      name: "p",
      steps: [
        validate,
        when((ctx) => ctx.total > 3, charge),
        filter("vips", (ctx: { users: User[] }) => ctx.users, (user) => user.vip),
        map("mails", (ctx: { vips: User[] }) => ctx.vips, (user) => user.email),
        choice([(ctx) => ctx.token === "t", card], free),
        distribute("sent", { accountIds: "accountId" }, mail),
        parallel(num, str),
      ],
    });
    assertType<
      IsExact<Args<typeof p>, {
        cartId: string;
        amount: number;
        users: User[];
        token: string;
        orgId: string;
        accountIds: readonly string[];
      }>
    >(true);
    assertType<
      IsExact<Data<typeof p>, {
        cartId: string;
        amount: number;
        orderId: string;
        total: number;
        users: User[];
        vips: User[];
        mails: string[];
        token: string;
        chargeId: string | null;
        last4?: string;
        orgId: string;
        accountIds: readonly string[];
        sent: { mailId: string }[];
        k: string;
        z: string;
      }>
    >(true);
  });
});
