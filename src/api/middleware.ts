import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { Schema } from "./schema.ts";

/** What a middleware is told of the step that it wraps: frozen, and the same object in every run. */
export interface StepInfo {
  /** The step's name. */
  readonly name: string;
  /** What the step requires of the context. */
  readonly requires: Schema | undefined;
  /** What the step adds to it. */
  readonly provides: Schema | undefined;
}

/** What a step came to, as a middleware sees it. */
export type StepResult =
  | { readonly success: true; readonly data: Context }
  | {
    readonly success: false;
    readonly error: Error;
    readonly failedStep?: string | undefined;
  };

/**
 * Runs the rest of the middleware and then the step. May be called once. A step or a middleware inside that throws gives
 * a failed result.
 */
export type Next = (ctx: Context) => Promise<StepResult>;

/**
 * Wraps the whole life of a pipeline's direct children, validation included; the first in the list is outermost. It
 * may observe, replace the result, or answer without calling `next`, and then the step does not run and has no
 * rollback. The outer function is called for every run of a step.
 *
 * @example A log
 * ```ts
 * import { type Middleware, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const log: Middleware = ({ name }, next) => async (ctx) => {
 *   const result = await next(ctx);
 *   lines.push(`${name}: ${result.success ? "done" : result.error.message}`);
 *   return result;
 * };
 * const hello = step({ name: "hello", run: () => ({ hello: "world" }) });
 * await pipeline({ name: "greet", steps: [hello], middleware: [log] }).run();
 * assertEquals(lines, ["hello: done"]);
 * ```
 */
export type Middleware = (
  step: StepInfo,
  next: Next,
) => (ctx: Context) => MaybePromise<StepResult>;
