import type { Context } from "../values/context.ts";

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
