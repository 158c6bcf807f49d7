import { type LateAttempt, pushDeferred } from "./attempt.ts";
import type { Context } from "./context.ts";
import { Journal } from "./journal.ts";
import type { Scope } from "./scope.ts";
import type { LateReport } from "./types.ts";

/**
 * Undoes what an attempt did after it had been given up, and tells the caller; the run may have returned by then.
 * `pushRollback` puts the undo of what the attempt returned on the stack, where there is a handler.
 */
export async function compensateLate(
  { info, outcome, reason }: LateAttempt,
  ctx: Context,
  scope: Scope,
  pushRollback?: (output: unknown, journal: Journal, id: string) => Promise<void>,
): Promise<void> {
  const { path, run } = scope;
  const journal = new Journal();
  const id = `${path}@${info.attempt}`;
  info.takeDeferred().forEach((undo, n) => {
    pushDeferred(undo, `${id}!late${n + 1}`, ctx, scope, journal);
  });
  if (outcome.ok) await pushRollback?.(outcome.value, journal, `${id}!undo`);
  const due = journal.mark;
  const notUndone = await journal.unwind(reason);
  const errors = notUndone.map(({ error }) => error);
  if (!outcome.ok) errors.unshift(outcome.error);
  const [error] = errors.length > 1
    ? [new AggregateError(errors, `Cannot undo all that '${path}' did late`)]
    : errors;
  run.options.onLate?.({
    step: path,
    attempt: info.attempt,
    outcome: lateOutcome(outcome.ok, due, notUndone.length),
    ...(error && { error }),
  });
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
