import { cast } from "../values/cast.ts";
import type { Result, RollbackReport } from "../api/result.ts";
import type { ErrorJSON, JSONOptions } from "./error_json.ts";
import { printable } from "./printable.ts";

/** A {@linkcode RollbackReport} as JSON. */
export interface ReportJSON {
  /** The handlers that succeeded, in the order they ran. */
  readonly completed: readonly string[];
  /** The handlers that failed, in the order they ran, and why. */
  readonly failed: readonly {
    /** The path of the step whose handler failed. */
    readonly step: string;
    /** Why. */
    readonly error: ErrorJSON;
  }[];
}

/** A {@linkcode Result} as JSON. */
export interface ResultJSON {
  /** Whether it succeeded. */
  readonly success: boolean;
  /** The data, where asked for. */
  readonly data?: unknown;
  /** Why it failed. */
  readonly error?: ErrorJSON;
  /** The path of the step that failed. */
  readonly failedStep?: string;
  /** What was undone. */
  readonly rollback?: ReportJSON;
  /** What is told of every run. */
  readonly meta: {
    /** The run's id. */
    readonly runId: string;
    /** The name of the step or pipeline that ran. */
    readonly name: string;
    /** The args, where asked for. */
    readonly args?: unknown;
    /** The direct children that ran, in order. */
    readonly stepsExecuted: readonly string[];
  };
}

/** What {@linkcode toJSON} makes of a value. */
export type AsJSON<T> = T extends Error ? ErrorJSON
  : T extends Result<unknown> ? ResultJSON
  : T extends RollbackReport ? ReportJSON
  : unknown;

/**
 * A result, an error or a report as plain data for a log; never throws. `JSON.stringify` does the same with what a run
 * gives, except that it knows no options.
 *
 * By default neither `meta.args` nor `data` are printed: args may hold secrets and clients, and the data of a pipeline hold
 * its args. With `{ args: true }` both are, as far as they are plain data; a client is only named. Of an error there is its
 * name, code and message, what a schema found, and the same of its causes, but no stack, and no fields of the application's.
 * Where the message of one of the library's errors quotes a value that was refused, its kind is printed instead.
 *
 * @param value What a run gave, or any error.
 * @param options How to print it.
 * @returns What `JSON.stringify` can print.
 *
 * @example What a log gets
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
  return cast(printable(value, options.args === true));
}
