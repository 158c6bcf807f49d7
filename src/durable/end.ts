import type { Result, RollbackFailure } from "../api/result.ts";
import { ConfigError } from "../report/errors.ts";
import { Failed, Meta, Succeeded } from "../report/result.ts";
import { cast } from "../values/cast.ts";
import { EMPTY } from "../values/context.ts";
import type { Codec } from "./codec.ts";
import { cutError, cutMessage } from "./cut_error.ts";

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

/** How many entries each list of a report has that cannot be recorded as a whole. */
const FEW = 10;
/** The length of each message of such a report. */
const SHORT = 300;

/**
 * Makes the part of a result that is recorded. It is plain data that the codec can encode: errors
 * that are too large are cut, and of a report that is still too large the first ten entries are kept.
 *
 * @param result The result.
 * @param codec The codec of the record.
 * @returns The end of the run.
 */
export function endOf(result: Result<unknown>, codec: Codec): RunEnd {
  let last: RunEnd;
  for (last of endsOf(result, codec)) {
    try {
      codec.encode(last);
      break;
    } catch {
      // The next end is smaller.
    }
  }
  return last!;
}

/** The ends that may be recorded, the most complete first. */
function* endsOf(result: Result<unknown>, codec: Codec): Generator<RunEnd> {
  const { stepsExecuted } = result.meta;
  if (result.success) {
    const end: RunEnd = { success: true, data: result.data, stepsExecuted };
    yield end;
    // A schema or a middleware may still change the output after the last call, to anything.
    const unrecorded = { ...end, data: undefined, isUnrecorded: true } as const;
    return yield* [unrecorded, { ...unrecorded, stepsExecuted: fewOf(stepsExecuted, moreOf) }];
  }
  const { error, failedStep, rollback: { completed, failed }, committed } = result;
  const kept = committed === undefined ? {} : { committed };
  const end = {
    success: false,
    error,
    failedStep,
    completed,
    failed,
    stepsExecuted,
    ...kept,
  } as const;
  yield end;
  yield {
    ...end,
    error: cutError(codec, error),
    failed: failed.map(({ step, error }) => ({ step, error: cutError(codec, error) })),
  };
  yield {
    ...end,
    error: cutMessage(error, SHORT),
    completed: fewOf(completed, moreOf),
    failed: fewOf(failed, (count, { error }) => ({ step: moreOf(count), error }))
      .map(({ step, error }) => ({ step, error: cutMessage(error, SHORT) })),
    stepsExecuted: fewOf(stepsExecuted, moreOf),
  };
}

function fewOf<T>(items: readonly T[], more: (count: number, next: T) => T): readonly T[] {
  if (items.length <= FEW) return items;
  return [...items.slice(0, FEW), more(items.length - FEW, items[FEW]!)];
}

function moreOf(count: number): string {
  return `and ${count} more`;
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
