import type { Schema } from "../api/schema.ts";
import { typed } from "./typed.ts";

/**
 * Declares the deps of a pipeline by their type: clients and connections that its steps find in
 * the context, and that `run` takes beside the args. They are not in args, data, records or logs.
 *
 * @returns A schema for the `deps` of a pipeline that checks nothing. To check the deps that `run`
 * takes, use another schema in its place.
 *
 * @example A client for each environment
 * ```ts
 * import { deps, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const now = step({ name: "now", run: (ctx: { clock: () => number }) => ({ at: ctx.clock() }) });
 * const stamp = pipeline({ name: "stamp", deps: deps<{ clock: () => number }>(), steps: [now] });
 *
 * const result = await stamp.run({}, { deps: { clock: () => 7 } });
 * assertEquals(result.success && result.data, { at: 7 });
 * ```
 */
export function deps<D extends object>(): Schema<D> {
  return typed<D>();
}
