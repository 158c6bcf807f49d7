import type { RollbackFailure } from "../api/result.ts";
import type { LateReport } from "../api/run.ts";
import { Journal } from "../run/journal.ts";
import type { Scope } from "../run/scope.ts";
import type { Context } from "../values/context.ts";
import { pushDeferred } from "./attempt.ts";
import type { LateAttempt } from "./effect.ts";

/**
 * Undoes what an attempt did after it had been given up, and tells the caller. The run may have returned by then; if it
 * has waited for the attempt, it is undone with the run's other effects.
 * `pushRollback` puts the undo of what the attempt returned on the stack, where there is a handler.
 */
export async function compensateLate(
  { info, outcome, reason }: LateAttempt,
  ctx: Context,
  scope: Scope,
  pushRollback?: (output: unknown, journal: Journal, id: string) => Promise<void>,
): Promise<void> {
  const { path, run } = scope;
  const journal = reason ? new Journal() : scope.journal.fork();
  const id = `${path}@${info.attempt}`;
  const { deferredLate = [] } = info;
  const count = Math.max(outcome.deferred ?? 0, deferredLate.length);
  for (let n = 0; n < count; n++) {
    pushDeferred(deferredLate[n], `${id}!late${n + 1}`, ctx, scope, journal);
  }
  if (outcome.ok) await pushRollback?.(outcome.value, journal, `${id}!undo`);
  const due = journal.mark;
  const onUndone = (notUndone: readonly RollbackFailure[]) => {
    const errors = notUndone.map(({ error }) => error);
    if (!outcome.ok) errors.unshift(outcome.error);
    const [error] = errors.length > 1
      ? [new AggregateError(errors, `Cannot undo all that '${path}' did late`)]
      : errors;
    run.tellLate({
      step: path,
      attempt: info.attempt,
      outcome: lateOutcome(outcome.ok, due, notUndone.length),
      ...(error && { error }),
    });
  };
  if (reason) onUndone(await journal.unwind(reason));
  else scope.journal.pushGroup(journal, onUndone);
}

function lateOutcome(
  succeeded: boolean,
  due: number,
  notUndone: number,
): LateReport["outcome"] {
  if (notUndone > 0) return "failed";
  if (!succeeded) return "rejected";
  return due === 0 ? "no-handler" : "compensated";
}
