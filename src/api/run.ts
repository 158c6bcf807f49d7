import type { Host } from "./host.ts";
import type { Watcher } from "./observer.ts";

/**
 * The outcome of an abandoned attempt. Each such attempt produces one report when it settles. An
 * undo that runs earlier and outside the run's rollback (after `lateMs` or `afterMs`, or because it
 * was deferred too late) produces another one.
 */
export interface LateReport {
  /**
   * The name in the rollback report: the path of the step, followed by `" (deferred)"` for an undo
   * registered with `defer`.
   */
  readonly step: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /**
   * - `"adopted"`: it succeeded in time to become the step's result.
   * - `"same-effect"`: it succeeded with the same key and the same output as the step's success or
   *   as an effect already undone, so it was left alone.
   * - `"compensated"`: its effects were undone.
   * - `"failed"`: its effects could not be undone.
   * - `"no-handler"`: it succeeded late, but there is no handler to undo it.
   * - `"rejected"`: it failed late.
   *
   * For an attempt of an undo, `"compensated"` means that it undid its effect after all, and
   * `"rejected"` that it did not.
   */
  readonly outcome:
    | "adopted"
    | "same-effect"
    | "compensated"
    | "failed"
    | "no-handler"
    | "rejected";
  /** The error of the attempt or of its undo. */
  readonly error?: Error;
  /**
   * Present if it was an attempt of a rollback handler or of a deferred undo, which is never undone
   * itself.
   */
  readonly undo?: true;
}

/**
 * Options of `run()`.
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
  /**
   * Cancels the run: once it aborts, nothing starts any more, and completed steps are rolled back.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The run's id. Pass one if idempotency keys must outlive the process.
   *
   * @default {crypto.randomUUID()}
   */
  readonly runId?: string | undefined;
  /** Carries out every effect and wait; without a host, the engine does so itself. */
  readonly host?: Host | undefined;
  /**
   * Called with the outcome of each abandoned attempt once it has settled and been undone, even
   * after the run has returned.
   */
  readonly onLate?: ((late: LateReport) => void) | undefined;
  /**
   * Called with a promise for each attempt or undo that the run does not wait for. Use it on
   * platforms that stop a worker once it has responded.
   */
  readonly waitUntil?: ((watch: Promise<unknown>) => void) | undefined;
  /** Sees everything that begins and ends in the run: made by `observe()` of `@runsheet/runsheet/observe`. */
  readonly observer?: Watcher | undefined;
}
