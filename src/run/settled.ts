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
// refer to until the next full collection.
class SettledSuccess<T> {
  readonly ok = true;
  declare readonly output: T;
  declare readonly ran: boolean;
  declare readonly executed?: readonly string[] | undefined;

  constructor(output: T, ran: boolean, executed: readonly string[] | undefined) {
    this.output = output;
    this.ran = ran;
    this.executed = executed;
  }
}

export class SettledFailure {
  readonly ok = false;
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
 * A call whose promise the sequence awaits itself: each further promise costs time, and hides the
 * caller's frames from an error's stack.
 */
export interface Pending<T = Context> {
  /** The promise that the user's function returned. */
  readonly promise: PromiseLike<unknown>;
  /** The result, where `promise` is already the promise of a settled result. */
  readonly settling?: Promise<Settled<T>>;
  /** Continues with the promise's value; never throws. */
  land(value: unknown): MaybePromise<Settled<T>>;
  /** Continues with the promise's rejection. */
  crash(thrown: unknown): MaybePromise<Settled<T>>;
}

/** The end of a node: a settled result, a promise of it, or a call that still has to be awaited. */
export type Ending<T = Context> = MaybePromise<Settled<T>> | Pending<T>;

export function isSettled<T>(ending: Ending<T>): ending is Settled<T> {
  return cast<Partial<Settled<T>>>(ending).ok !== undefined;
}

export function isPending<T>(ending: Ending<T>): ending is Pending<T> {
  return cast<Partial<Pending<T>>>(ending).land !== undefined;
}

/** Awaits a call for functions that cannot do so themselves. */
export function settle<T>(ending: Ending<T>): MaybePromise<Settled<T>> {
  return isPending(ending) ? ending.settling ?? settleThen(ending, (settled) => settled) : ending;
}

/** Awaits a call, and continues with its settled result. */
export async function settleThen<T, U>(
  ending: Ending<T>,
  next: (settled: Settled<T>) => U,
): Promise<U> {
  let settling: MaybePromise<Settled<T>>;
  if (!isPending(ending)) settling = ending;
  else {
    try {
      settling = ending.land(await ending.promise);
    } catch (thrown) {
      settling = ending.crash(thrown);
    }
  }
  return next(isPromise(settling) ? await settling : settling);
}
