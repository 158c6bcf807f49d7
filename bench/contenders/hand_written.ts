// The checkout as written by hand, with the same features as our pipeline: validation before and
// after each step, frozen snapshots, an undo stack, and the same result. It lacks the other
// guarantees.
import type { Failure, Result, RollbackFailure, RunMeta } from "@runsheet/runsheet";
import { type } from "arktype";
import type { z } from "zod";
import type { Contender } from "../harness.ts";
import {
  ark,
  type Bought,
  type Cancellable,
  type Order,
  orders,
  type Schemas,
  type Step,
  undo,
  type Work,
} from "../work.ts";
import { dataOf, summary } from "./runsheet.ts";

type Checkout = (order: Order) => Promise<Result<Bought>>;

export interface Undo {
  readonly step: string;
  readonly run: () => unknown;
}

function parse<T extends object>(schema: (value: unknown) => T | type.errors, value: object): T {
  const parsed = schema(value);
  if (parsed instanceof type.errors) throw new Error(parsed.summary);
  return parsed;
}

/** The same with a schema of zod. */
export const parseByZod = ((schema: z.ZodType<object>, value: object) => {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw parsed.error;
  return parsed.data;
}) as unknown as typeof parse;

function success<Data>(data: Data, args: object, executed: string[]): Result<Data> {
  return Object.freeze({ success: true, data, meta: meta(args, executed) });
}

function meta(args: object, executed: string[]): RunMeta {
  const stepsExecuted = Object.freeze(executed);
  // Without the lazy `runId`, which nothing reads here.
  return Object.freeze({ name: "checkout", args, stepsExecuted }) as unknown as RunMeta;
}

/** Undoes everything, the latest first; a failure does not stop the rest. */
export async function unwind(
  thrown: unknown,
  failedStep: string,
  undos: Undo[],
  args: object,
  executed: string[],
): Promise<Failure> {
  const completed: string[] = [];
  const failed: RollbackFailure[] = [];
  for (const { step, run } of undos.reverse()) {
    try {
      await run();
      completed.push(step);
    } catch (error) {
      failed.push({ step, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }
  return Object.freeze({
    success: false,
    error: thrown instanceof Error ? thrown : new Error(String(thrown)),
    failedStep,
    rollback: Object.freeze({ completed: Object.freeze(completed), failed: Object.freeze(failed) }),
    meta: meta(args, executed),
  });
}

/** With synchronous steps: nothing is awaited, but the caller still gets a promise. */
export function checkoutSync({ price, charge, confirm }: Work<true>): Checkout {
  return async (given: Order): Promise<Result<Bought>> => {
    const args = Object.freeze({ ...given });
    const executed: string[] = [];
    const undos: Undo[] = [];
    let at = "<args>";
    try {
      const order = Object.freeze({ ...args, ...parse(ark.order, args) });
      at = "price";
      const forPrice = parse(ark.price.requires, order) as Order;
      executed.push(at);
      const rawPrice = price(forPrice, never);
      undos.push({ step: at, run: () => undo(rawPrice) });
      const priced = Object.freeze({ ...order, ...parse(ark.price.provides, rawPrice) });
      at = "charge";
      const forCharge = parse(ark.charge.requires, priced) as typeof priced;
      executed.push(at);
      const rawCharge = charge(forCharge, never);
      undos.push({ step: at, run: () => undo(rawCharge) });
      const charged = Object.freeze({ ...priced, ...parse(ark.charge.provides, rawCharge) });
      at = "confirm";
      const forConfirm = parse(ark.confirm.requires, charged) as typeof charged;
      executed.push(at);
      const rawConfirm = confirm(forConfirm, never);
      undos.push({ step: at, run: () => undo(rawConfirm) });
      const data = Object.freeze({ ...charged, ...parse(ark.confirm.provides, rawConfirm) });
      return success(data, args, executed);
    } catch (error) {
      return await unwind(error, at, undos, args, executed);
    }
  };
}

export function checkoutAsync(
  { price, charge, confirm }: Work<false>,
  schemas: Schemas = ark,
  parseBy: typeof parse = parse,
): Checkout {
  return async (given: Order): Promise<Result<Bought>> => {
    const args = Object.freeze({ ...given });
    const executed: string[] = [];
    const undos: Undo[] = [];
    let at = "<args>";
    try {
      const order = Object.freeze({ ...args, ...parseBy(schemas.order, args) });
      at = "price";
      const forPrice = parseBy(schemas.price.requires, order) as Order;
      executed.push(at);
      const rawPrice = await price(forPrice, never);
      undos.push({ step: at, run: () => undo(rawPrice) });
      const priced = Object.freeze({ ...order, ...parseBy(schemas.price.provides, rawPrice) });
      at = "charge";
      const forCharge = parseBy(schemas.charge.requires, priced) as typeof priced;
      executed.push(at);
      const rawCharge = await charge(forCharge, never);
      undos.push({ step: at, run: () => undo(rawCharge) });
      const charged = Object.freeze({ ...priced, ...parseBy(schemas.charge.provides, rawCharge) });
      at = "confirm";
      const forConfirm = parseBy(schemas.confirm.requires, charged) as typeof charged;
      executed.push(at);
      const rawConfirm = await confirm(forConfirm, never);
      undos.push({ step: at, run: () => undo(rawConfirm) });
      const data = Object.freeze({ ...charged, ...parseBy(schemas.confirm.provides, rawConfirm) });
      return success(data, args, executed);
    } catch (error) {
      return await unwind(error, at, undos, args, executed);
    }
  };
}

/** The same in three nested functions with one undo stack. */
export function checkoutNested({ price, charge, confirm }: Work<false>): Checkout {
  type Run = { readonly undos: Undo[]; at: string };

  async function inner(ctx: Bought, run: Run): Promise<object> {
    run.at = "middle/inner/confirm";
    const seen = parse(ark.confirm.requires, ctx) as Bought;
    const raw = await confirm(seen, never);
    run.undos.push({ step: "middle/inner/confirm", run: () => undo(raw) });
    return Object.freeze({ ...parse(ark.confirm.provides, raw) });
  }

  async function middle(ctx: Bought, run: Run): Promise<object> {
    run.at = "middle/charge";
    const seen = parse(ark.charge.requires, ctx) as Bought;
    const raw = await charge(seen, never);
    run.undos.push({ step: "middle/charge", run: () => undo(raw) });
    const added = Object.freeze({ ...parse(ark.charge.provides, raw) });
    const more = await inner(Object.freeze({ ...ctx, ...added }), run);
    return Object.freeze({ ...added, ...more });
  }

  return async (given: Order): Promise<Result<Bought>> => {
    const args = Object.freeze({ ...given });
    const executed: string[] = [];
    const run: Run = { undos: [], at: "<args>" };
    try {
      const order = Object.freeze({ ...args, ...parse(ark.order, args) });
      run.at = "price";
      const seen = parse(ark.price.requires, order) as Order;
      executed.push("price");
      const raw = await price(seen, never);
      run.undos.push({ step: "price", run: () => undo(raw) });
      const priced = Object.freeze({ ...order, ...parse(ark.price.provides, raw) });
      executed.push("middle");
      const added = await middle(priced as unknown as Bought, run);
      return success(Object.freeze({ ...priced, ...added }) as Bought, args, executed);
    } catch (error) {
      return await unwind(error, run.at, run.undos, args, executed);
    }
  };
}

/**
 * Each step with a time limit by `setTimeout`: it gets the signal, and is not awaited if it
 * ignores it.
 */
export function timedBySetTimeout(work: Work<false>, ms: number): Work<false> {
  const limited = <Needs, Gives>(step: Step<Needs, Promise<Gives>>) => async (ctx: Needs) => {
    const aborter = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`Cannot finish within ${ms} ms`);
        aborter.abort(error);
        reject(error);
      }, ms);
    });
    try {
      return await Promise.race([step(ctx, { signal: aborter.signal }), timeout]);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    price: limited(work.price),
    charge: limited(work.charge),
    confirm: limited(work.confirm),
  };
}

/** Each step has a time limit: it receives the signal, and is given up if it ignores it. */
export function timed(work: Work<false>, ms: number): Work<false> {
  const limited = <Needs, Gives>(step: Step<Needs, Promise<Gives>>) => async (ctx: Needs) => {
    const signal = AbortSignal.timeout(ms);
    let stop = () => {};
    const timeout = new Promise<never>((_resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      stop = () => signal.removeEventListener("abort", abort);
    });
    try {
      return await Promise.race([step(ctx, { signal }), timeout]);
    } finally {
      stop();
    }
  };
  return {
    price: limited(work.price),
    charge: limited(work.charge),
    confirm: limited(work.confirm),
  };
}

/** Each step with retries. */
export function retried(work: Work<false>, retries: number): Work<false> {
  const repeated =
    <Needs, Gives>(step: Step<Needs, Promise<Gives>>) => async (ctx: Needs, info: Cancellable) => {
      for (let attempt = 1;; attempt++) {
        try {
          return await step(ctx, info);
        } catch (error) {
          if (attempt > retries) throw error;
        }
      }
    };
  return {
    price: repeated(work.price),
    charge: repeated(work.charge),
    confirm: repeated(work.confirm),
  };
}

/** The signal of a step that nothing can cancel. */
export const never: Cancellable = { signal: new AbortController().signal };

export function handWritten(
  checkout: Checkout,
  name = "hand-written",
): Contender {
  const next = orders();
  return { name, run: () => checkout(next()), outcome: dataOf, detail: summary };
}
