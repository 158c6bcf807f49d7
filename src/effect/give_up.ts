import type { Deferred, Outcome } from "../api/host.ts";
import { isPermanent } from "../report/permanent.ts";
import type { Answered } from "../run/watch.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { Attempt } from "./attempt.ts";
import type { GivenUp } from "./call.ts";
import { waitWithGrace } from "./grace.ts";

/** The outcome of an attempt as far as the engine waited for it. */
export interface Performed extends Answered {
  /** The outcome after it was given up, if it settled within its grace period. */
  readonly landed?: Outcome | undefined;
  /** The eventual outcome, if it is still pending. */
  readonly running?: Promise<Outcome> | undefined;
}

/** Decides whether an attempt is retried. */
export interface Retrying {
  /** Whether a retry will follow an abandoned attempt. */
  isRetryDue(attempt: Attempt): MaybePromise<boolean>;
  /** The answer of `retryIf` to a failed attempt; `undefined` if it was not asked or threw. */
  askRetryIf(attempt: Attempt, error: Error): Promise<boolean | undefined>;
}

/** Gives up a call, and waits for it as its grace period and its overlap policy say. */
export async function giveUp(
  attempt: Attempt,
  call: GivenUp,
  retrying: () => Retrying,
): Promise<Performed> {
  const { error, running } = call;
  attempt.watch?.endAttempt({ outcome: { ok: false, error } });
  attempt.watch &&= attempt.scope.watch?.beginLate(attempt);
  const { deferred } = attempt;
  const late = await waitWithGrace(attempt, call, () => retrying().isRetryDue(attempt));
  const landed = late && recorded(attempt, late);
  const outcome: Outcome = { ok: false, error, ...(landed && { late: landed }) };
  return { outcome: recorded(attempt, outcome, deferred), ...(landed ? { landed } : { running }) };
}

/** Adds everything that a host must record to an outcome. */
export function recorded(attempt: Attempt, outcome: Outcome, deferred?: Deferred): Outcome {
  const undos = deferred ?? attempt.deferred;
  return {
    ...outcome,
    ...(undos !== 0 && { deferred: undos }),
    ...(!outcome.ok && isPermanent(outcome.error) && { permanent: true }),
    ...(!outcome.ok && outcome.error === attempt.scope.cancellation?.error && { cancelled: true }),
  };
}
