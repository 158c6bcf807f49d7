import type { Call, Outcome } from "../api/host.ts";
import type { Patience, RetryPolicy } from "../api/policy.ts";
import type { Scope } from "../run/scope.ts";
import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { Site } from "./call.ts";
import type { AttemptInfo } from "./info.ts";

/** A function of the user's, to be called until it succeeds or may not be tried again. */
export interface Effect extends Patience {
  /** What kind of code it is. */
  readonly kind: Call["kind"];
  /** When to try again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout?: number | undefined;
  /** Calls the user's function. */
  readonly call: (site: Site, info: AttemptInfo) => unknown;
  /** Told how an attempt came out that had been given up. */
  readonly onLate?: (late: LateAttempt, ctx: Context, scope: Scope) => MaybePromise<void>;
}

/** An attempt that came out after it had been given up. */
export interface LateAttempt {
  /** What it was told, and what it deferred since then. */
  readonly info: AttemptInfo;
  /** How it came out. */
  readonly outcome: Outcome;
  /** Why its effect is undone at once; without it the effect is undone with those of the run. */
  readonly reason: Error | undefined;
}

/** What an effect came to, and whether any attempt of it was allowed to start. */
export type Attempted =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Error; readonly ran: boolean };
