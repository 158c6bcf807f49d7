import type { Context } from "../values/context.ts";

/** What is told of a run, whether it succeeded or failed. `JSON.stringify` leaves out the args. */
export interface RunMeta {
  /** The name of the step or pipeline that ran. */
  readonly name: string;
  /** The run's id: the caller's, or one made up when it is first read. A spread does not copy it. */
  readonly runId: string;
  /** A frozen shallow copy of the args that the caller gave. */
  readonly args: Context;
  /**
   * The direct children that ran, in order, a failed one included. A child that was skipped, refused before its start
   * or replaced by a middleware is absent. A second child of the same name is `name#2`.
   */
  readonly stepsExecuted: readonly string[];
}

/** A rollback handler that failed. */
export interface RollbackFailure {
  /** The path of the step whose handler failed. */
  readonly step: string;
  /** Why. */
  readonly error: Error;
}

/**
 * Every rollback handler that ran, each under the path of its step: `"chargePayment"` for a direct child,
 * `"checkout/chargePayment"` inside a nested pipeline, `"chargePayment (deferred)"` for what `defer` registered.
 *
 * @example What could not be undone
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
  /** The handlers that succeeded, in the order they ran. */
  readonly completed: readonly string[];
  /** The handlers that failed, in the order they ran. */
  readonly failed: readonly RollbackFailure[];
}

/** The result of a run that succeeded. */
export interface Success<Data> {
  /** Tells a {@linkcode Success} from a {@linkcode Failure}. */
  readonly success: true;
  /** The accumulated context of a pipeline, or what its `output` schema made of it; what a step provides. Frozen. */
  readonly data: Readonly<Data>;
  /** What is told of every run. */
  readonly meta: RunMeta;
  /** Not there. */
  readonly error?: undefined;
  /** Not there. */
  readonly failedStep?: undefined;
  /** Not there. */
  readonly rollback?: undefined;
}

/** The result of a run that failed, after its compensation. */
export interface Failure {
  /** Tells a {@linkcode Failure} from a {@linkcode Success}. */
  readonly success: false;
  /** Why it failed: the application's own error, untouched, or a `RunsheetError`. */
  readonly error: Error;
  /**
   * The path of the step that failed. `"<args>"`, `"<output>"` and `"<options>"` name the boundaries of the run
   * itself.
   */
  readonly failedStep: string;
  /** What was undone. */
  readonly rollback: RollbackReport;
  /** What is told of every run. */
  readonly meta: RunMeta;
  /** Not there. */
  readonly data?: undefined;
}

/**
 * What `run()` resolves to; narrow it by `success`. `JSON.stringify` makes of it what {@linkcode ResultJSON} says: neither args
 * nor data, as they may hold secrets.
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
