import { type LateAttempt, pushDeferred } from "./attempt.ts";
import type { Context } from "./context.ts";
import type { Journal } from "./journal.ts";
import type { Scope } from "./scope.ts";
import type { LateReport } from "./types.ts";

/** Puts what an attempt deferred after it had been given up on an undo stack. */
export function pushLateDeferred(
  { info }: LateAttempt,
  id: string,
  ctx: Context,
  scope: Scope,
  journal: Journal,
): void {
  info.takeDeferred().forEach((undo, n) =>
    pushDeferred(undo, `${id}${n + 1}`, ctx, scope, journal)
  );
}

/** Undoes what an attempt did after it had been given up, and tells the caller. */
export async function compensateLate(
  { info, outcome, reason }: LateAttempt,
  { path, run }: Scope,
  journal: Journal,
): Promise<void> {
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
