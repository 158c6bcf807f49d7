import type { Context } from "../values/context.ts";

/** Facts about a run, whether it succeeded or failed. `JSON.stringify` omits the args. */
export interface RunMeta {
  /** The name of the step or pipeline that ran. */
  readonly name: string;
  /**
   * The run's id: the caller's, or one generated when it is first read. A spread does not copy it.
   */
  readonly runId: string;
  /** A frozen shallow copy of the caller's args. */
  readonly args: Context;
  /**
   * The direct children that ran, in order, including one that failed. A child that was skipped,
   * rejected before it started, or replaced by a middleware is absent. A second child of the same
   * name is `name#2`.
   */
  readonly stepsExecuted: readonly string[];
  /** The resources whose release failed; absent if there are none. */
  readonly notReleased?: readonly RollbackFailure[];
}

/** An undo that failed. */
export interface RollbackFailure {
  /** The path of the step whose undo failed, as in {@linkcode RollbackReport}. */
  readonly step: string;
  /** The reason. */
  readonly error: Error;
}

/**
 * The undos that ran, each under the path of its step: `"chargePayment"` for a direct child,
 * `"checkout/chargePayment"` inside a nested pipeline, `"chargePayment (deferred)"` for an undo
 * registered with `defer`.
 *
 * @example List the undos that failed
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const reserve = step({ name: "reserve", run: () => {}, rollback: () => {} });
 * const charge = step({
 *   name: "charge",
 *   run: () => {},
 *   rollback: () => Promise.reject(new Error("gateway is down")),
 * });
 * const ship = step({ name: "ship", run: () => Promise.reject(new Error("no courier")) });
 *
 * const result = await pipeline({ name: "order", steps: [reserve, charge, ship] }).run();
 * assert(!result.success);
 * assertEquals(result.rollback.completed, ["reserve"]);
 * assertEquals(result.rollback.failed.map(({ step, error }) => `${step}: ${error.message}`), [
 *   "charge: gateway is down",
 * ]);
 * ```
 */
export interface RollbackReport {
  /** The undos that succeeded, in the order they ran. */
  readonly completed: readonly string[];
  /** The undos that failed, in the order they ran. */
  readonly failed: readonly RollbackFailure[];
}

/** The result of a run that succeeded. */
export interface Success<Data> {
  /** Distinguishes a {@linkcode Success} from a {@linkcode Failure}. */
  readonly success: true;
  /**
   * For a pipeline, the accumulated context or the value of its `output` schema; for a step, its
   * output. Frozen.
   */
  readonly data: Readonly<Data>;
  /** Facts about the run. */
  readonly meta: RunMeta;
  /** Absent. */
  readonly error?: undefined;
  /** Absent. */
  readonly failedStep?: undefined;
  /** Absent. */
  readonly rollback?: undefined;
  /** Absent. */
  readonly committed?: undefined;
}

/** The result of a run that failed, after its rollback. */
export interface Failure {
  /** Distinguishes a {@linkcode Failure} from a {@linkcode Success}. */
  readonly success: false;
  /** The reason: the application's own error, unchanged, or a `RunsheetError`. */
  readonly error: Error;
  /**
   * The path of the step that failed. `"<args>"`, `"<output>"` and `"<options>"` stand for the
   * boundaries of the run itself.
   */
  readonly failedStep: string;
  /** The report of the rollback. */
  readonly rollback: RollbackReport;
  /**
   * The path of the last `pivot` that has succeeded. Its effects, and those of the steps that
   * completed before and after it, have not been undone. Absent if there was none, so that every
   * completed step was due to be undone.
   */
  readonly committed?: string;
  /** Facts about the run. */
  readonly meta: RunMeta;
  /** Absent. */
  readonly data?: undefined;
}

/**
 * The result that `run()` resolves with; narrow it by `success`. `JSON.stringify` turns it into a
 * {@linkcode ResultJSON}, without args or data, as these may hold secrets.
 *
 * @example Narrow it
 * ```ts
 * import { type Result, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * function tell(result: Result<{ half: number }>): string {
 *   if (result.success) return `half is ${result.data.half}`;
 *   return `'${result.failedStep}' failed: ${result.error.message}`;
 * }
 * const half = step({ name: "half", run: (ctx: { n: number }) => ({ half: ctx.n / 2 }) });
 * assertEquals(tell(await half.run({ n: 6 })), "half is 3");
 * ```
 */
export type Result<Data> = Success<Data> | Failure;
