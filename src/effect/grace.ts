import type { Outcome } from "../api/host.ts";
import { untilCancelled } from "../run/cancellation.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { Attempt } from "./attempt.ts";
import type { GivenUp } from "./call.ts";

/**
 * Waits for an abandoned call: first for the runs inside it, then for its grace period, and then, if
 * it must not overlap with a retry that is due, until it settles or the retry is cancelled. Resolves
 * with the outcome, or `undefined` if the call is still pending.
 */
export async function waitWithGrace(
  attempt: Attempt,
  call: GivenUp,
  isRetryDue: () => MaybePromise<boolean>,
): Promise<Outcome | undefined> {
  const { effect: { overlap }, scope: { cancellation, run }, inside } = attempt;
  await inside?.end();
  const graceMs = Math.max(attempt.effect.graceMs ?? 0, run.seam.durable?.lateMs ?? 0);
  const late = graceMs > 0
    ? await within(graceMs, call.running)
    : inside || attempt.hasPartEffects
    ? await promptly(call)
    : undefined;
  if (late || overlap !== "never" || cancellation?.error || !await isRetryDue()) return late;
  return await (cancellation ? untilCancelled(call.running, cancellation) : call.running);
}

/** `running` never rejects. */
async function within<T>(ms: number, running: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isOver = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const landed = await Promise.race([running, isOver]);
  clearTimeout(timer);
  return landed;
}

const MICROTASKS = 100;

/**
 * Gives a call that heeds its signal a few microtasks to reject, so that its effects are undone in
 * order. It does not wait for a turn of the event loop, which a fake clock would block.
 */
async function promptly({ running }: GivenUp): Promise<Outcome | undefined> {
  let settled: Outcome | undefined;
  running.then((outcome) => settled = outcome);
  for (let n = 0; n < MICROTASKS && !settled; n++) await undefined;
  return settled;
}
