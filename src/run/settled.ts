import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";

/**
 * The result of a node, a branch of a group, an item or a predicate. `ran` tells whether user code
 * was called; `executed`, a frozen list, names the children that ran.
 */
export type Settled<T = Context> =
  | SettledSuccess<T>
  | SettledFailure;

// Classes, because V8 may allocate a literal among its old objects, which keep everything they
// refer to until the next full collection. It is slow to define fields one by one.
class SettledSuccess<T> {
  declare readonly ok: true;
  declare readonly output: T;
  declare readonly ran: boolean;
  declare readonly executed?: readonly string[] | undefined;

  constructor(output: T, ran: boolean, executed: readonly string[] | undefined) {
    this.ok = true;
    this.output = output;
    this.ran = ran;
    this.executed = executed;
  }
}

export class SettledFailure {
  declare readonly ok: false;
  declare readonly error: Error;
  declare readonly failedStep: string;
  declare readonly ran: boolean;
  declare readonly executed?: readonly string[] | undefined;

  constructor(
    error: Error,
    failedStep: string,
    ran: boolean,
    executed: readonly string[] | undefined,
  ) {
    this.ok = false;
    this.error = error;
    this.failedStep = failedStep;
    this.ran = ran;
    this.executed = executed;
  }
}

export function success<T>(
  output: T,
  ran = true,
  executed: readonly string[] | undefined = undefined,
): SettledSuccess<T> {
  return new SettledSuccess(output, ran, executed);
}

export function failure(
  error: Error,
  failedStep: string,
  ran: boolean,
  executed?: readonly string[],
): SettledFailure {
  return new SettledFailure(error, failedStep, ran, executed);
}

/**
 * A node that waits for user code. Whoever runs the outermost node awaits the promise itself: each
 * further promise costs time, and hides the caller's frames from an error's stack.
 */
export interface Pending<T = Context> {
  /** The promise that it waits for at present. */
  readonly promise: PromiseLike<unknown>;
  /** The result, where `promise` is already the promise of a settled result. */
  readonly settling?: Promise<Settled<T>>;
  /** Continues with the promise's value; may return itself, to wait for another promise. */
  land(value: unknown): Ending<T>;
  /** Continues with the promise's rejection; throws only the host's own signal. */
  crash(thrown: unknown): Ending<T>;
}

/** A node that has not ended. */
export type Unsettled<T = Context> = Promise<Settled<T>> | Pending<T>;

/** The end of a node: a settled result, a promise of it, or what still has to be awaited. */
export type Ending<T = Context> = Settled<T> | Unsettled<T>;

export function isSettled<T>(ending: Ending<T>): ending is Settled<T> {
  return cast<Partial<Settled<T>>>(ending).ok !== undefined;
}

export function isPending<T>(ending: Ending<T>): ending is Pending<T> {
  return cast<Partial<Pending<T>>>(ending).land !== undefined;
}

/** The promise that a node waits for. */
export function promiseOf(waiting: Unsettled<unknown>): PromiseLike<unknown> {
  return isPending(waiting) ? waiting.promise : waiting;
}

/** Continues a node with the value of that promise. */
export function land<T>(waiting: Unsettled<T>, value: unknown): Ending<T> {
  return isPending(waiting) ? waiting.land(value) : cast<Settled<T>>(value);
}

/** Continues a node with the rejection of that promise. */
export function crash<T>(waiting: Unsettled<T>, thrown: unknown): Ending<T> {
  if (isPending(waiting)) return waiting.crash(thrown);
  throw thrown;
}

/** Awaits a node for functions that cannot do so themselves. */
export function settle<T>(ending: Ending<T>): MaybePromise<Settled<T>> {
  return isPending(ending) ? ending.settling ?? settleThen(ending, (settled) => settled) : ending;
}

/** Awaits a node, and continues with its settled result. */
export async function settleThen<T, U>(
  ending: Ending<T>,
  next: (settled: Settled<T>) => U,
): Promise<U> {
  while (isPending(ending)) {
    const waiting: Pending<T> = ending;
    try {
      ending = waiting.land(await waiting.promise);
    } catch (thrown) {
      ending = waiting.crash(thrown);
    }
  }
  return next(isPromise(ending) ? await ending : ending);
}
