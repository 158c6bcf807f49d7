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
