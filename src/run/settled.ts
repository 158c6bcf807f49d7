import type { Context } from "../values/context.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";

/**
 * How a node, a branch of a group, an item or a predicate ended. `ran` tells whether the user's code was called;
 * `executed` names the children that ran.
 */
export type Settled<T = Context> =
  | {
    readonly ok: true;
    readonly output: T;
    readonly ran: boolean;
    readonly executed?: readonly string[];
  }
  | SettledFailure;

/** One that did not succeed. */
export interface SettledFailure {
  readonly ok: false;
  readonly error: Error;
  readonly failedStep: string;
  readonly ran: boolean;
  readonly executed?: readonly string[];
}

/** Makes one that did not succeed. */
export function failure(error: Error, failedStep: string, ran: boolean): SettledFailure {
  return { ok: false, error, failedStep, ran };
}

/**
 * A call whose promise is still to be awaited: by the sequence itself, as each further promise takes 5 % of the time of
 * a run, and hides the caller's frames from the stack of an error.
 */
export interface Pending<T = Context> {
  /** What the user's function has returned. */
  readonly promise: PromiseLike<unknown>;
  /** Continues with its value. */
  land(value: unknown): MaybePromise<Settled<T>>;
  /** Continues with what it rejected with. */
  crash(thrown: unknown): MaybePromise<Settled<T>>;
}

/** How a node ends: at once, by a promise, or by a call that is still to be awaited. */
export type Ending<T = Context> = MaybePromise<Settled<T>> | Pending<T>;

/** Whether a call is still to be awaited. */
export function isPending<T>(ending: Ending<T>): ending is Pending<T> {
  return "promise" in ending;
}

/** Awaits a call, for those who cannot do so in their own function. */
export function settle<T>(ending: Ending<T>): MaybePromise<Settled<T>> {
  return isPending(ending) ? awaitCall(ending) : ending;
}

/** Awaits a call. */
export async function awaitCall<T>(call: Pending<T>): Promise<Settled<T>> {
  let value: unknown;
  try {
    value = await call.promise;
  } catch (thrown) {
    const settled = call.crash(thrown);
    return isPromise(settled) ? await settled : settled;
  }
  const settled = call.land(value);
  return isPromise(settled) ? await settled : settled;
}
