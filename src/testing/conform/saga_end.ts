import type { Result } from "../../api/result.ts";
import { cast } from "../../values/cast.ts";
import type { SagaEnd } from "./adapter.ts";

/**
 * Makes the end of a run of the saga, as plain JSON that a worker can send to the test.
 *
 * @param result The result of the run.
 * @returns The end that `conform` compares.
 */
export function sagaEnd(result: Result<Record<string, unknown>>): SagaEnd {
  if (result.success) {
    return { success: true, data: cast(JSON.parse(JSON.stringify(shown(result)))) };
  }
  const { error, failedStep, rollback: { completed, failed } } = result;
  const { name, message, code } = cast<Error & { code?: unknown }>(error);
  return {
    success: false,
    error: { name, message, ...(code !== undefined && { code }) },
    failedStep,
    completed,
    failed: failed.map(({ step, error }) => `${step}: ${error.message}`),
  };
}

/** The data without the values that differ between runs. */
function shown({ data }: { readonly data: Record<string, unknown> }): Record<string, unknown> {
  const { runId: _, draft: _2, mail: _3, ...same } = data;
  return same;
}
