import { AssertionError } from "@std/assert";
import {
  type Failure,
  isRunsheetError,
  type Result,
  type RollbackReport,
} from "@runsheet/runsheet";

/** The data of a run that must have succeeded. */
export function dataOf<Data>(result: Result<Data>): Data {
  if (!result.success) throw new AssertionError(`the run failed: ${result.error.stack}`);
  return result.data;
}

/** The failure of a run that must have failed. */
export function failureOf(result: Result<unknown>): Failure {
  if (result.success) throw new AssertionError("the run succeeded");
  return result;
}

/** The code or the message of what a run failed with, and what its rollback did. */
export function outcomeOf(result: Result<unknown>): RollbackReport & { error: string } {
  const { error, rollback } = failureOf(result);
  return { error: isRunsheetError(error) ? error.code : error.message, ...rollback };
}

/** A result in plain objects: with args and data as JSON, and with no prototypes, which `assertEquals` trips over on Node 20. */
export function plainOf(result: Result<unknown>): object {
  return { ...result, meta: { ...result.meta } };
}
