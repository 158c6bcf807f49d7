import type { Result } from "../api/result.ts";
import { ConfigError } from "../report/errors.ts";
import { Failed, Meta, Succeeded } from "../report/result.ts";
import { cast } from "../values/cast.ts";
import { EMPTY } from "../values/context.ts";
import type { RunEnd } from "./run_log.ts";

/** The part of a result that is recorded. */
export function endOf(result: Result<unknown>): RunEnd {
  const { stepsExecuted } = result.meta;
  if (result.success) return { success: true, data: result.data, stepsExecuted };
  const { error, failedStep, rollback: { completed, failed }, committed } = result;
  return { success: false, error, failedStep, completed, failed, committed, stepsExecuted };
}

/** The result of a run that has ended in another process. */
export function resultOf(name: string, runId: string, args: unknown, end: RunEnd): Result<unknown> {
  const { stepsExecuted } = end;
  const meta = Object.freeze(new Meta(name, cast(args ?? EMPTY), stepsExecuted, { id: runId }));
  if (end.success && end.isUnrecorded) {
    const error = new ConfigError(
      `Cannot return the data of run '${runId}', which has succeeded, as they could not be recorded`,
    );
    const rollback = { completed: [], failed: [] };
    return Object.freeze(new Failed(error, "<output>", rollback, meta));
  }
  if (end.success) return cast(Object.freeze(new Succeeded(end.data, meta)));
  const { error, failedStep, completed, failed, committed } = end;
  return Object.freeze(new Failed(error, failedStep, { completed, failed }, meta, committed));
}
