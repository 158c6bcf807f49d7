import type { RollbackFailure } from "../api/result.ts";
import { list, message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { errorWith } from "./error_with.ts";
import { RollbackError } from "./errors.ts";

/**
 * Makes the error of an action that undos which failed prevent; `cause` made the undos due.
 */
export function notUndoneError(
  action: string,
  failures: readonly RollbackFailure[],
  cause: Error,
  constraint = "what it did must be undone first",
): RollbackError {
  const causes = failures.map(({ error }) => error);
  const text = message`Cannot ${action} as ${constraint}: ${list(causes, shown)}`;
  return errorWith(RollbackError, text, causes, { cause });
}
