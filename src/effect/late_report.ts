import type { RollbackFailure } from "../api/result.ts";
import type { LateReport } from "../api/late_report.ts";
import { aggregateError } from "../report/error_with.ts";
import { same } from "../values/message.ts";

/** Makes the report of a late attempt for the run's caller; `cause` is the error it failed with. */
export function lateReport(
  step: string,
  attempt: number,
  outcome: LateReport["outcome"],
  notUndone: readonly RollbackFailure[],
  cause: Error | undefined,
): LateReport {
  const errors = [...cause ? [cause] : [], ...notUndone.map(({ error }) => error)];
  const [error] = errors.length > 1
    ? [aggregateError(errors, same(`Cannot undo all that '${step}' did late`))]
    : errors;
  return {
    step,
    attempt,
    outcome: notUndone.length > 0 ? "failed" : outcome,
    ...(error && { error }),
  };
}
