// The inferred types, and proof that the values have them.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  pipeline,
  type ProvidesOf,
  type RequiresOf,
  type Step,
  step,
  typed,
  unwrap,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { describe, it } from "node:test";
import type { Step as StepOnce } from "@runsheet/runsheet/types";
import * as v from "valibot";
import { z } from "zod";
import { dataOf } from "../support/results.ts";

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

describe("a test of types", () => {
  it("fails when they differ", () => {
    // @ts-expect-error These are not the same.
    assertType<IsExact<string, number>>(true);
  });
});

describe("a step is inferred", () => {
  it("from arktype schemas: callers give the input, run sees the output, rollback gets the output", async () => {
    const seen: unknown[] = [];
    const a = step({
      name: "a",
      requires: type({ amount: "string.numeric.parse", currency: "string = 'usd'" }),
      provides: type({ at: "string.date.parse", n: "number = 0" }),
      run: (ctx) => {
        assertType<IsExact<typeof ctx, Readonly<{ amount: number; currency: string }>>>(true);
        return { at: "2026-01-01" };
      },
      rollback: (ctx, output) => {
        assertType<IsExact<typeof output, Readonly<{ at: Date; n: number }>>>(true);
        seen.push(ctx.amount, output.at.getUTCFullYear(), output.n);
      },
    });
    assertType<IsExact<RequiresOf<typeof a>, { amount: string; currency?: string }>>(true);
    assertType<IsExact<ProvidesOf<typeof a>, { at: Date; n: number }>>(true);
    const fail = step({ name: "fail", run: () => Promise.reject(new Error("no")) });
    await pipeline({ name: "p", steps: [a, fail] }).run({ amount: "5" });
    assertEquals(seen, [5, 2026, 0]);
  });

  it("from zod schemas", () => {
    const a = step({
      name: "a",
      requires: z.object({ x: z.string().transform(Number), d: z.number().default(1) }),
      provides: z.object({ y: z.coerce.date() }),
      run: (ctx) => ({ y: ctx.x + ctx.d }),
    });
    assertType<IsExact<RequiresOf<typeof a>, { x: string; d?: number | undefined }>>(true);
    assertType<IsExact<ProvidesOf<typeof a>, { y: Date }>>(true);
  });

  it("from valibot schemas", () => {
    const a = step({
      name: "a",
      requires: v.object({ x: v.string() }),
      provides: v.object({ y: v.pipe(v.string(), v.transform((text) => text.length)) }),
      run: (ctx) => ({ y: ctx.x }),
    });
    assertType<IsExact<RequiresOf<typeof a>, { x: string }>>(true);
    assertType<IsExact<ProvidesOf<typeof a>, { y: number }>>(true);
  });

  it("from type arguments", () => {
    const a = step<{ a: string }, { b: number }>({
      name: "a",
      run: (ctx) => ({ b: ctx.a.length }),
      rollback: (ctx, output) => ctx.a.repeat(output.b),
    });
    assertType<IsExact<typeof a, Step<string, { a: string }, { b: number }>>>(true);
  });

  it("from run alone", () => {
    const a = step({
      name: "a",
      run: (ctx: { orderId: string }, { attempt }) => ({ chargeId: ctx.orderId + attempt }),
      rollback: (ctx, output) => ctx.orderId === output.chargeId,
    });
    assertType<IsExact<typeof a, StepOnce<"a", { orderId: string }, { chargeId: string }>>>(true);
  });

  it("for an undo by key: the context of run, and the key of the effect", () => {
    step({
      name: "a",
      requires: type({ amount: "string.numeric.parse" }),
      idempotent: true,
      run: () => ({ chargeId: "c1" }),
      undoByKey: {
        afterMs: 30_000,
        run: (ctx, info) => {
          assertType<IsExact<typeof ctx.amount, number>>(true);
          assertType<IsExact<typeof info.effectKey, string>>(true);
          // @ts-expect-error Nobody has the output.
          info.output;
        },
      },
    });
    // @ts-expect-error A rollback has an output, and needs no wait.
    const wait = () => step({ name: "b", run: () => {}, rollback: { run: () => {}, afterMs: 1 } });
    assertThrows(wait, Error, "afterMs");
    // @ts-expect-error Whether it is one effect is said with a boolean.
    assertThrows(() => step({ name: "b", run: () => {}, idempotent: "yes" }), Error, "idempotent");
  });

  it("from a schema for the needs and run for the output", () => {
    const a = step({
      name: "a",
      requires: type({ orderId: "string" }),
      run: (ctx) => Promise.resolve({ chargeId: ctx.orderId }),
      rollback: (_ctx, output) => output.chargeId,
    });
    assertType<IsExact<typeof a, StepOnce<"a", { orderId: string }, { chargeId: string }>>>(true);
  });

  it("with nothing required or provided", () => {
    const a = step({ name: "a", run: () => {} });
    // deno-lint-ignore ban-types
    assertType<IsExact<typeof a, StepOnce<"a", {}, {}>>>(true);
  });

  it("with a union as one object: a key is certain if every member has it", () => {
    const a = step({
      name: "a",
      run: (ctx: { q: string }) => ctx.q ? { a: 1, c: true } : { b: ctx.q, c: false },
    });
    assertType<IsExact<ProvidesOf<typeof a>, { c: boolean; a?: number; b?: string }>>(true);
  });

  it("with literals that its schema requires", () => {
    const provides = type({ status: "'paid' | 'due'", "note?": { fast: "true" } });
    step({ name: "a", provides, run: () => ({ status: "paid", note: { fast: true } }) });
    step({ name: "b", provides, run: () => Promise.resolve({ status: "paid" }) });
    step({ name: "c", provides, run: async (_ctx) => await Promise.resolve({ status: "due" }) });
    step({
      name: "d",
      provides: z.object({ status: z.enum(["paid", "due"]) }),
      run: (ctx: { x: string }) => ctx.x ? { status: "paid" } : { status: "due" },
    });
  });
});

describe("a pipeline of an array is inferred", () => {
  it("with the args that no step before provides", async () => {
    const p = pipeline({ name: "p", steps: [validate, charge, receipt] });
    assertType<IsExact<Args<typeof p>, { cartId: string; amount: number; email: string }>>(true);
    const data = dataOf(await p.run({ cartId: "c", amount: 1, email: "e" }));
    assertType<
      IsExact<typeof data, {
        cartId: string;
        amount: number;
        email: string;
        orderId: string;
        total: number;
        chargeId: string;
        sent: boolean;
      }>
    >(true);
    assertEquals(data.sent, true);
  });

  it("with the args of its schema: their input for callers, their output for steps", () => {
    const argsSchema = type({
      cartId: "string",
      amount: "string.numeric.parse",
      email: "string = ''",
    });
    const p = pipeline({ name: "p", argsSchema, steps: [validate, charge, receipt] });
    assertType<IsExact<Args<typeof p>, { cartId: string; amount: string; email?: string }>>(true);
    assertType<IsExact<Data<typeof p>["amount"], number>>(true);
    assertType<IsExact<Data<typeof p>["email"], string>>(true);
  });

  it("with the data of its output schema", () => {
    const p = pipeline({
      name: "p",
      argsSchema: typed<{ cartId: string; amount: number }>(),
      steps: [validate, charge],
      output: type({ chargeId: "string" }),
    });
    assertType<IsExact<Data<typeof p>, { chargeId: string }>>(true);
  });

  it("as a step of another", () => {
    const inner = pipeline({ name: "inner", steps: [validate, charge, receipt] });
    const after = step({ name: "after", run: (ctx: { sent: boolean }) => ({ done: ctx.sent }) });
    const p = pipeline({ name: "p", steps: [inner, after] });
    assertType<IsExact<Args<typeof p>, { cartId: string; amount: number; email: string }>>(true);
    assertType<
      IsExact<
        ProvidesOf<typeof inner>,
        Pick<Data<typeof inner>, "orderId" | "total" | "chargeId" | "sent">
      >
    >(true);
  });

  it("with one arg that two steps narrow", async () => {
    const a = step({ name: "a", run: (ctx: { user: { id: string } }) => ({ x: ctx.user.id }) });
    const b = step({ name: "b", run: (ctx: { user: { name: string } }) => ({ y: ctx.user.name }) });
    const p = pipeline({ name: "p", steps: [a, b] });
    assertEquals(dataOf(await p.run({ user: { id: "1", name: "Ann" } })).y, "Ann");
  });

  it("with a key that was overwritten", () => {
    const p = pipeline({ name: "p", steps: [num, str] });
    assertType<IsExact<Data<typeof p>, { k: string; z: string }>>(true);
  });

  it("with a key that when may have overwritten", () => {
    const p = pipeline({ name: "p", steps: [num, when(yes, str)] });
    assertType<IsExact<Data<typeof p>, { k: number | string; z: string }>>(true);
  });

  it("with a key that when may have added", () => {
    const p = pipeline({ name: "p", steps: [when(yes, str)] });
    assertType<IsExact<Data<typeof p>, { k?: string }>>(true);
  });
});

describe("a key that a step of a nested pipeline needs only if it is there", () => {
  it("is checked if the pipeline has an argsSchema", () => {
    const ship = step({ name: "ship", run: (_ctx: { note?: string }) => {} });
    const note = step({ name: "note", run: () => ({ note: 1 }) });
    const inner = pipeline({ name: "inner", steps: [ship] });
    const checked = pipeline({
      name: "inner",
      argsSchema: type({ "note?": "string" }),
      steps: [ship],
    });
    pipeline({ name: "p", steps: [note, inner] });
    // @ts-expect-error step 'inner' needs { note?: string } but by then it is { note: number }
    pipeline({ name: "p", steps: [note, checked] });
  });
});

describe("a result is inferred", () => {
  type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
    : false;

  it("with readonly data, as they are frozen", async () => {
    const result = await pipeline({ name: "p", steps: [num] }).run();
    assert(result.success);
    assertType<IsSame<typeof result.data, Readonly<{ k: number; z: string }>>>(true);
    const data = unwrap(result);
    assertType<IsSame<typeof data, typeof result.data>>(true);
    assertThrows(() => Object.assign(result.data, { k: 2 }), TypeError);
  });

  it("so that it can be destructured before it is narrowed", async () => {
    const { success, data, error, failedStep, rollback } = await num.run({});
    if (success) {
      assertType<IsExact<typeof data.k, number>>(true);
      assertType<IsExact<typeof error, undefined>>(true);
    } else {
      assertType<IsExact<typeof data, undefined>>(true);
      assertType<IsExact<typeof error, Error>>(true);
      assertType<IsExact<typeof failedStep, string>>(true);
      assertType<IsExact<typeof rollback.completed, readonly string[]>>(true);
    }
    assertEquals([success, data, error], [true, { k: 1, z: "z" }, undefined]);
  });
});
