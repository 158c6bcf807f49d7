import { AssertionError } from "@std/assert";
import {
  type Failure,
  isRunsheetError,
  type Result,
  type RollbackReport,
} from "@runsheet/runsheet";

/** Returns the data of a run that must have succeeded. */
export function dataOf<Data>(result: Result<Data>): Data {
  if (!result.success) throw new AssertionError(`the run failed: ${result.error.stack}`);
  return result.data;
}

/** Returns the failure of a run that must have failed. */
export function failureOf(result: Result<unknown>): Failure {
  if (result.success) throw new AssertionError("the run succeeded");
  return result;
}

/** The code or message of a run's error, and its rollback report. */
export function outcomeOf(result: Result<unknown>): RollbackReport & { error: string } {
  const { error, rollback } = failureOf(result);
  return { error: isRunsheetError(error) ? error.code : error.message, ...rollback };
}

/**
 * A result as plain objects: with args and data as JSON, and without prototypes, which
 * `assertEquals` cannot handle on Node 20.
 */
export function plainOf(result: Result<unknown>): object {
  return { ...result, meta: { ...result.meta } };
}
