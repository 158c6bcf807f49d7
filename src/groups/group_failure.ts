import { aggregateError, errorWith } from "../report/error_with.ts";
import { AbortedError, isRunsheetError } from "../report/errors.ts";
import type { Cancellation } from "../run/cancellation.ts";
import type { Scope } from "../run/scope.ts";
import { failure, type SettledFailure } from "../run/settled.ts";
import { list, message } from "../values/message.ts";
import { shown } from "../values/show.ts";

/** The error that cancels the remaining branches of a group after one has failed. */
export function siblingFailed(path: string, cause: Error): AbortedError {
  const text = message`Cannot go on in '${path}' as none of it must fail: ${shown(cause)}`;
  return errorWith(AbortedError, text, { cause });
}

/** The failure of a group: its only failure, or all of them in order. */
export function groupFailure(
  failures: readonly SettledFailure[],
  group: Cancellation,
  { path, cancellation }: Scope,
  ran: boolean,
): SettledFailure {
  // A branch that stopped because of the cancellation is not a separate failure.
  const own = failures.filter(({ error }) => !isConsequence(error, group));
  const [first, ...others] = own;
  if (!first) return failure(cancellation?.error ?? group.error!, path, ran);
  if (others.length === 0) return failure(first.error, first.failedStep, ran);
  const errors = own.map(({ error }) => error);
  const text = message`Cannot finish '${path}' as none of it must fail: ${list(errors, shown)}`;
  return failure(aggregateError(errors, text), path, ran);
}

/** Whether a branch failed only because it was cancelled. A failed undo is a separate failure. */
function isConsequence(error: Error, group: Cancellation): boolean {
  return !isRunsheetError(error, "ROLLBACK") && group.explains(error, false);
}
