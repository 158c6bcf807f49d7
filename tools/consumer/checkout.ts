// What a user of the npm package writes: compiled by tsc, and run on Node and Bun.
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import {
  type Failure,
  isRunsheetError,
  type Middleware,
  pipeline,
  type Result,
  step,
} from "@runsheet/runsheet";

import { assertCompensated, ledger, runStep, stub, sweep } from "@runsheet/runsheet/testing";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
function proves<_ extends true>(): void {}

function assert(truth: unknown, what: string): asserts truth {
  if (!truth) throw new Error(`Cannot go on as it must hold that ${what}`);
}

// Exported without annotations: their inferred types must fit in a .d.ts file.
export const charge = step({
  name: "charge",
  requires: type({ orderId: "string", amount: "number > 0" }),
  provides: type({ chargeId: "string" }),
  retry: { count: 2, backoff: "fixed" },
  timeout: 1_000,
  run: (ctx, { key, signal }) => {
    signal.throwIfAborted();
    return { chargeId: `${ctx.orderId} ${key.length > 0}` };
  },
  rollback: (_ctx, output) => {
    output.chargeId.toUpperCase();
  },
});

export const ship = step({
  name: "ship",
  requires: z.object({ chargeId: z.string() }),
  provides: v.object({ parcels: v.number() }),
  run: (ctx) => ({ parcels: ctx.chargeId.length }),
});

export const thank = step({
  name: "thank",
  run: (ctx: { parcels: number }) => ({ thanks: "thanks ".repeat(ctx.parcels) }),
});

const lines: string[] = [];
const log: Middleware = ({ name }, next) => async (ctx) => {
  const result = await next(ctx);
  lines.push(`${name} ${result.success}`);
  return result;
};

export const checkout = pipeline({
  name: "checkout",
  argsSchema: type({ orderId: "string", amount: "number" }),
  steps: [charge, ship, thank],
  middleware: [log],
});

export const built = pipeline({ name: "built" }).step(charge).step(ship).build();

const result = await checkout.run({ orderId: "a", amount: 50 });
// @ts-expect-error: data is there only after narrowing
result.data;
assert(result.success, "the checkout succeeds");
proves<Same<typeof result.data.chargeId, string>>();
proves<Same<typeof result.data.parcels, number>>();
proves<Same<typeof result.data.amount, number>>();
assert(result.data.parcels === "a true".length, "ship saw what charge provides");
assert(lines.join() === "charge true,ship true,thank true", "middleware saw all steps");

const refused = await checkout.run({ orderId: "a", amount: -1 });
assert(!refused.success, "a bad amount is refused");
proves<Same<typeof refused, Failure>>();
assert(isRunsheetError(refused.error, "REQUIRES_VALIDATION"), "it is refused by charge");
assert(refused.error.issues.length === 1, "the error carries the issues");

const other: Result<{ parcels: number }> = await built.run({ orderId: "a", amount: 1 });
assert(other.success && other.data.parcels > 0, "a builder makes the same");

// @ts-expect-error: a number is missing
await checkout.run({ orderId: "a" });
// @ts-expect-error: a misspelt option
assert(throws(() => step({ name: "typo", run: () => {}, timeOut: 1 })), "it is refused");
// @ts-expect-error: null is no run
assert(throws(() => step({ name: "null", run: null })), "it is refused");

const books = ledger();
const faked = stub(checkout, { charge: () => ({ chargeId: "fake" }) });
proves<Same<typeof faked, typeof checkout>>();
const swept = await sweep(faked, { orderId: "a", amount: 50 }, { ledger: books });
assertCompensated(swept);
const ran = await runStep(ship, { chargeId: "abc" });
proves<Same<typeof ran.output.parcels, number>>();
assert(ran.output.parcels === 3 && swept.rows.length > 0, "the testing kit works");
// @ts-expect-error: a number is missing
await sweep(faked, { orderId: "a" }).catch(() => {});

function throws(fn: () => unknown): boolean {
  try {
    fn();
    return false;
  } catch (error) {
    return isRunsheetError(error, "CONFIG");
  }
}

console.log("consumer ok");
