import type { RollbackFailure } from "../api/result.ts";
import { list, message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { errorWith } from "./error_with.ts";
import { RollbackError } from "./errors.ts";

/**
 * Makes the error of a run that cannot continue because an undo failed; `cause` made the undo due.
 */
export function notUndoneError(
  action: string,
  failures: readonly RollbackFailure[],
  cause: Error,
): RollbackError {
  const causes = failures.map(({ error }) => error);
  const text = message`Cannot ${action} as what it did must be undone first: ${
    list(causes, shown)
  }`;
  return errorWith(RollbackError, text, causes, { cause });
}
