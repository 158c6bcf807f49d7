import type { Call, Outcome } from "../api/host.ts";
import { ConfigError } from "../report/errors.ts";
import { permanent } from "../report/permanent.ts";
import { callId } from "../run/paths.ts";
import type { Attempt } from "./attempt.ts";
import { callOnce } from "./call.ts";
import { Returned } from "./handlers.ts";
import { giveUp, type Performed, recorded, type Retrying } from "./give_up.ts";
import { trackCall } from "./track_call.ts";

/** Performs one attempt through the host. */
export async function performByHost(
  attempt: Attempt,
  retrying: () => Retrying,
): Promise<Performed> {
  const { effect, scope: { run } } = attempt;
  const { seam } = run;
  let performed: Performed | undefined;
  let isReplayed = true;
  const given = await seam.perform(describe(attempt), async (signal) => {
    isReplayed = false;
    const calling = callOnce(attempt, signal);
    // A host that interrupts the run at another call does not end this one.
    const settled = seam.onInterruption(() => trackCall(run, effect, calling));
    const ended = await calling;
    settled();
    performed = "running" in ended
      ? await giveUp(attempt, ended, retrying)
      : { outcome: recorded(attempt, ended) };
    const { outcome } = performed;
    if (outcome.ok || !seam.durable || !effect.retry?.retryIf) return outcome;
    return { ...outcome, retry: await retrying().askRetryIf(attempt, outcome.error) };
  });
  // The host has the last word: it may replay a record, or give up a call on its own.
  const outcome = intoRun(given, attempt);
  // A host may omit the late outcome.
  const landed = outcome.ok ? undefined : outcome.late ?? performed?.landed;
  attempt.expectDeferred(landed?.deferred);
  const running = performed?.running;
  if (!running || !seam.durable) return { outcome, landed, running, isReplayed };
  // Not watched, as the run no longer waits for it.
  running.then((late) => reportLost(attempt, late));
  return { outcome, landed, isReplayed };
}

/** Restores the parts that a copied outcome has lost. */
function intoRun(given: Outcome, attempt: Attempt): Outcome {
  attempt.expectDeferred(given.deferred);
  if (given.ok) return given;
  if ("value" in given) attempt.result = new Returned(given.value);
  const { error: reason } = attempt.scope.cancellation ?? {};
  const outcome = given.cancelled && reason ? { ...given, error: reason } : given;
  for (const one of [outcome, outcome.late]) {
    if (one?.ok === false && one.permanent) permanent(one.error);
  }
  return outcome;
}

/** Reports an attempt that landed after its durable record had ended, when nothing can undo it. */
function reportLost(attempt: Attempt, late: Outcome): void {
  if (!late.ok) return attempt.report("rejected", [], late.error);
  // It has been undone by its key.
  if (attempt.effect.undoByKey) return attempt.report("compensated", []);
  const error = new ConfigError(
    `Cannot undo '${attempt.path}' as an attempt must settle within the host's 'lateMs': it has landed later`,
  );
  attempt.report("failed", [{ step: attempt.path, error }]);
}

/** Describes an attempt to the host. */
function describe(one: Attempt): Call {
  const { effect: { kind, timeout }, id, path, ctx, extra, number: attempt, scope: { run } } = one;
  const { index, undo } = extra ?? {};
  return {
    id: callId(kind, id, attempt),
    kind,
    path,
    attempt,
    ctx: run.without(ctx),
    runId: run.id,
    key: one.key,
    ...(timeout !== undefined && { timeout }),
    ...(index !== undefined && { item: extra?.item, index }),
    ...(kind === "undo" && extra && {
      output: extra.output,
      error: extra.error,
      effectKey: run.keyOf(extra.effectKey!),
      ...(undo && { undo }),
    }),
  };
}
