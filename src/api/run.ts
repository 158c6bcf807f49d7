import type { Host } from "./host.ts";
import type { Watcher } from "./observer.ts";

/**
 * How an attempt that had been given up came out in the end. There is one report for each such attempt that settles,
 * whenever it does, and one for what is undone apart from the run before that: after `lateMs`, after `afterMs`, or as it
 * was deferred too late.
 */
export interface LateReport {
  /** What the rollback report calls it: the path of the step, with `" (deferred)"` for an undo given to `defer`. */
  readonly step: string;
  /** Which attempt it was, from 1. */
  readonly attempt: number;
  /**
   * `"adopted"`: it succeeded before the step was decided, and is the step's success. `"same-effect"`: it succeeded
   * with the same key and the same output as the step's success, or as one that is undone already, and was left alone.
   * `"compensated"`: what it did is undone. `"failed"`: it could not be undone. `"no-handler"`: it succeeded late, and
   * nothing is there to undo it. `"rejected"`: it failed late. Of an attempt of an undo: `"compensated"`, it has undone
   * its effect after all; `"rejected"`, it has not.
   */
  readonly outcome:
    | "adopted"
    | "same-effect"
    | "compensated"
    | "failed"
    | "no-handler"
    | "rejected";
  /** What the attempt or the undo failed with. */
  readonly error?: Error;
  /** Present when it was an attempt of a rollback handler, or of an undo given to `defer`. It is not undone itself. */
  readonly undo?: true;
}

/**
 * What the caller of `run` may give besides the args.
 *
 * @example A run that a client can cancel
 * ```ts
 * import { isRunsheetError, step } from "@runsheet/runsheet";
 * import { assert } from "@std/assert";
 *
 * const gone = new AbortController();
 * const quote = step({ name: "quote", run: () => new Promise<void>(() => {}) });
 * setTimeout(() => gone.abort(), 5);
 * const result = await quote.run({}, { signal: gone.signal, runId: "quote-1" });
 * assert(!result.success && isRunsheetError(result.error, "ABORTED"));
 * ```
 */
export interface RunOptions {
  /** Cancels the run: nothing starts after it aborts, and completed steps are compensated. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Names the run, for idempotency keys that outlive the process.
   *
   * @default {crypto.randomUUID()}
   */
  readonly runId?: string | undefined;
  /** Carries out every effect and wait; without one they are called directly. */
  readonly host?: Host | undefined;
  /**
   * Told how an attempt that was given up (timeout, abort) came out in the end, even after the run has returned: once
   * for each attempt, when it has settled and been undone.
   */
  readonly onLate?: ((late: LateReport) => void) | undefined;
  /**
   * Given the promise of every watch of an attempt that is not waited for any more, for platforms that stop a worker
   * once it has responded.
   */
  readonly waitUntil?: ((watch: Promise<unknown>) => void) | undefined;
  /** Sees everything that begins and ends in the run: made by `observe()` of `@runsheet/runsheet/observe`. */
  readonly observer?: Watcher | undefined;
}
