import type { Context } from "../values/context.ts";

/** What a node came to. `ran` tells whether the user's code was called; `executed` names the children that ran. */
export type Settled =
  & { readonly ran: boolean; readonly executed?: readonly string[] }
  & (
    | { readonly ok: true; readonly output: Context }
    | { readonly ok: false; readonly error: Error; readonly failedStep: string }
  );

/** A node that did not succeed. */
export function failure(
  error: Error,
  failedStep: string,
  ran: boolean,
): Settled {
  return { ok: false, error, failedStep, ran };
}

/** A branch or item that failed. */
export interface FailedBranch {
  readonly ok: false;
  readonly error: Error;
  readonly failedStep: string;
  readonly ran: boolean;
}

/** What a branch or item came to. */
export type Branch =
  | { readonly ok: true; readonly output: unknown; readonly ran: boolean }
  | FailedBranch;
