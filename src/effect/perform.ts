import type { Call, Outcome } from "../api/host.ts";
import { isPermanent, permanent } from "../report/permanent.ts";
import { callId } from "../run/paths.ts";
import type { Answered } from "../run/watch.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { Attempt } from "./attempt.ts";
import { callOnce, type GivenUp } from "./call.ts";
import { waitWithGrace } from "./grace.ts";

/** The outcome of an attempt as far as the engine waited for it. */
export interface Performed extends Answered {
  /** The outcome after it was given up, if it settled within its grace period. */
  readonly landed?: Outcome | undefined;
  /** The eventual outcome, if it is still pending. */
  readonly running?: Promise<Outcome> | undefined;
}

/** Performs one attempt, through the host if there is one. */
export async function perform(
  attempt: Attempt,
  isRetryDue: () => MaybePromise<boolean>,
): Promise<Performed> {
  const { scope: { run }, watch } = attempt;
  if (!run.seam.isDirect) {
    const performing = performByHost(attempt, isRetryDue);
    watch?.endAttempt(performing);
    return await performing;
  }
  const ended = await callOnce(attempt);
  if ("running" in ended) return await giveUp(attempt, ended, isRetryDue);
  watch?.endAttempt({ outcome: ended });
  return { outcome: ended };
}

/** Waits for a call that was given up as long as its policy says. */
export async function giveUp(
  attempt: Attempt,
  call: GivenUp,
  isRetryDue: () => MaybePromise<boolean>,
): Promise<Performed> {
  const { error, running } = call;
  attempt.watch?.endAttempt({ outcome: { ok: false, error } });
  attempt.watch &&= attempt.scope.watch?.beginLate(attempt);
  const deferred = attempt.deferredCount;
  const late = await waitWithGrace(attempt, call, isRetryDue);
  const landed = late && recorded(late, attempt.deferredCount);
  const outcome: Outcome = { ok: false, error, ...(landed && { late: landed }) };
  return { outcome: recorded(outcome, deferred), ...(landed ? { landed } : { running }) };
}

async function performByHost(
  attempt: Attempt,
  isRetryDue: () => MaybePromise<boolean>,
): Promise<Performed> {
  let performed: Performed | undefined;
  let isReplayed = true;
  const outcome = await attempt.scope.run.seam.perform(describe(attempt), async (signal) => {
    isReplayed = false;
    const ended = await callOnce(attempt, signal);
    if (!("running" in ended)) return recorded(ended, attempt.deferredCount);
    performed = await giveUp(attempt, ended, isRetryDue);
    return performed.outcome;
  });
  const { running } = performed ?? {};
  // The host has the last word: it may replay a record, or give up a call on its own.
  attempt.expectDeferred(outcome.deferred);
  // A host may omit the late outcome.
  const landed = outcome.ok ? undefined : outcome.late ?? performed?.landed;
  attempt.expectDeferred(landed?.deferred);
  for (const one of [outcome, landed]) if (one?.ok === false && one.permanent) permanent(one.error);
  return { outcome, landed, running, isReplayed };
}

/** Describes an attempt to the host. */
function describe(attempt: Attempt): Call {
  const { effect: { kind, timeout }, id, path, ctx, extra, number } = attempt;
  return {
    id: callId(kind, id, number),
    kind,
    path,
    attempt: number,
    ctx,
    ...(timeout !== undefined && { timeout }),
    ...(kind === "undo" && { output: extra?.output }),
  };
}

/** An outcome with all that a host is to keep of it. */
function recorded(outcome: Outcome, deferred: number): Outcome {
  return {
    ...outcome,
    ...(deferred > 0 && { deferred }),
    ...(!outcome.ok && isPermanent(outcome.error) && { permanent: true }),
  };
}
