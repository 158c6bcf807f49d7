import type { Context } from "../values/context.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";

/**
 * The result of a node, a branch of a group, an item or a predicate. `ran` tells whether user code
 * was called; `executed` names the children that ran.
 */
export type Settled<T = Context> =
  | {
    readonly ok: true;
    readonly output: T;
    readonly ran: boolean;
    readonly executed?: readonly string[];
  }
  | SettledFailure;

export interface SettledFailure {
  readonly ok: false;
  readonly error: Error;
  readonly failedStep: string;
  readonly ran: boolean;
  readonly executed?: readonly string[];
}

export function failure(error: Error, failedStep: string, ran: boolean): SettledFailure {
  return { ok: false, error, failedStep, ran };
}

/**
 * A call whose promise the sequence awaits itself: each further promise costs time, and hides the
 * caller's frames from an error's stack.
 */
export interface Pending<T = Context> {
  /** The promise that the user's function returned. */
  readonly promise: PromiseLike<unknown>;
  /** The settled result, where it is the promise of that which is enclosed. */
  readonly settling?: Promise<Settled<T>>;
  /** Continues with the promise's value; never throws. */
  land(value: unknown): MaybePromise<Settled<T>>;
  /** Continues with the promise's rejection. */
  crash(thrown: unknown): MaybePromise<Settled<T>>;
}

/** The end of a node: a settled result, a promise of it, or a call that still has to be awaited. */
export type Ending<T = Context> = MaybePromise<Settled<T>> | Pending<T>;

export function isPending<T>(ending: Ending<T>): ending is Pending<T> {
  return "promise" in ending;
}

/** Awaits a call for functions that cannot do so themselves. */
export function settle<T>(ending: Ending<T>): MaybePromise<Settled<T>> {
  return isPending(ending) ? ending.settling ?? settleThen(ending, (settled) => settled) : ending;
}

/** Awaits a call, and continues with how it settled. */
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
