import { cast } from "../values/cast.ts";
import type { Result, RollbackReport } from "../api/result.ts";
import type { ErrorJSON, JSONOptions } from "./error_json.ts";
import { valueJSON } from "./printable.ts";

/** A {@linkcode RollbackReport} as JSON. */
export interface ReportJSON {
  /** The undos that succeeded, in the order they ran. */
  readonly completed: readonly string[];
  /** The undos that failed, in the order they ran. */
  readonly failed: readonly {
    /** The path of the step whose undo failed. */
    readonly step: string;
    /** The reason. */
    readonly error: ErrorJSON;
  }[];
}

/** A {@linkcode Result} as JSON. */
export interface ResultJSON {
  /** Whether the run succeeded. */
  readonly success: boolean;
  /** The data, if requested. */
  readonly data?: unknown;
  /** The reason it failed. */
  readonly error?: ErrorJSON;
  /** The path of the step that failed. */
  readonly failedStep?: string;
  /** The report of the rollback. */
  readonly rollback?: ReportJSON;
  /** The path of the last pivot that has succeeded. */
  readonly committed?: string;
  /** Facts about the run. */
  readonly meta: {
    /** The run's id. */
    readonly runId: string;
    /** The name of the step or pipeline that ran. */
    readonly name: string;
    /** The args, if requested. */
    readonly args?: unknown;
    /** The direct children that ran, in order. */
    readonly stepsExecuted: readonly string[];
  };
}

/** The JSON type that {@linkcode toJSON} returns for a value. */
export type AsJSON<T> = T extends Error ? ErrorJSON
  : T extends Result<unknown> ? ResultJSON
  : T extends RollbackReport ? ReportJSON
  : unknown;

/**
 * Converts a result, an error or a report to plain data for a log; never throws. `JSON.stringify`
 * does the same with a result or report, but without options.
 *
 * By default, `meta.args` and `data` are omitted: args may hold secrets and clients, and a
 * pipeline's data include its args. With `{ args: true }`, both are included as far as they are
 * plain data; a client is only named. An error is converted to its name, code, message, schema
 * issues and causes, without its stack and any fields of the application. If a message of the
 * library quotes a rejected value, the value's kind is printed instead.
 *
 * @param value A result, a report or any error.
 * @param options Whether to include args and data.
 * @returns Plain data for `JSON.stringify`.
 *
 * @example Log a result
 * ```ts
 * import { pipeline, step, toJSON } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const charge = step({
 *   name: "charge",
 *   run: (_ctx: { token: string }) => Promise.reject(new Error("card declined")),
 * });
 * const checkout = pipeline({ name: "checkout", steps: [charge] });
 *
 * const result = await checkout.run({ token: "s3cret" }, { runId: "order-1" });
 * assertEquals(toJSON(result), {
 *   success: false,
 *   error: { name: "Error", message: "card declined" },
 *   failedStep: "charge",
 *   rollback: { completed: [], failed: [] },
 *   meta: { name: "checkout", stepsExecuted: ["charge"], runId: "order-1" },
 * });
 * assertEquals(toJSON(result, { args: true }).meta.args, { token: "s3cret" });
 * assertEquals(JSON.stringify(result), JSON.stringify(toJSON(result)));
 * ```
 */
export function toJSON<T>(value: T, options: JSONOptions = {}): AsJSON<T> {
  return cast(valueJSON(value, options.args === true));
}
