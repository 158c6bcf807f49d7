import type { Result, RollbackFailure } from "../api/result.ts";
import { ConfigError } from "../report/errors.ts";
import { Failed, Meta, Succeeded } from "../report/result.ts";
import { cast } from "../values/cast.ts";
import { EMPTY } from "../values/context.ts";
import type { Codec } from "./codec.ts";
import { cutError } from "./cut_error.ts";

/** The end of a run, as it is recorded. */
export type RunEnd = RunSucceeded | RunFailed;

/** The end of a run that has succeeded. */
export interface RunSucceeded {
  /** Distinguishes it from a {@linkcode RunFailed}. */
  readonly success: true;
  /** The data of the run. */
  readonly data: unknown;
  /** Present if the data could not be recorded. */
  readonly isUnrecorded?: true;
  /** The direct children that ran, in order. */
  readonly stepsExecuted: readonly string[];
}

/** The end of a run that has failed. */
export interface RunFailed {
  /** Distinguishes it from a {@linkcode RunSucceeded}. */
  readonly success: false;
  /** The reason. */
  readonly error: Error;
  /** The path of the step that failed. */
  readonly failedStep: string;
  /** The undos that succeeded, in order. */
  readonly completed: readonly string[];
  /** The undos that failed, in order. */
  readonly failed: readonly RollbackFailure[];
  /** The path of the last pivot that has succeeded. */
  readonly committed?: string | undefined;
  /** The direct children that ran, in order. */
  readonly stepsExecuted: readonly string[];
}

/**
 * Makes the part of a result that is recorded. It is plain data that the codec can encode.
 *
 * @param result The result.
 * @param codec The codec of the record.
 * @returns The end of the run.
 */
export function endOf(result: Result<unknown>, codec: Codec): RunEnd {
  const { stepsExecuted } = result.meta;
  if (!result.success) {
    const { error, failedStep, rollback: { completed, failed }, committed } = result;
    const end: RunEnd = {
      success: false,
      error,
      failedStep,
      completed,
      failed,
      stepsExecuted,
      ...(committed !== undefined && { committed }),
    };
    return canRecord(end) ? end : {
      ...end,
      error: cutError(codec, error),
      failed: failed.map(({ step, error }) => ({ step, error: cutError(codec, error) })),
    };
  }
  const end: RunEnd = { success: true, data: result.data, stepsExecuted };
  // A schema or a middleware may still change the output after the last call, to anything.
  return canRecord(end) ? end : { ...end, data: undefined, isUnrecorded: true };

  function canRecord(end: RunEnd): boolean {
    try {
      codec.encode(end);
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Makes the result of a run that has ended in another process.
 *
 * @param name The name of the pipeline.
 * @param runId The run's id.
 * @param args The run's args.
 * @param end The end of the run.
 * @returns The result.
 */
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
