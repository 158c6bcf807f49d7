import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { Schema } from "./schema.ts";

/**
 * The description of a step that its middleware receives: frozen, and the same object in every run.
 */
export interface StepInfo {
  /** The step's name. */
  readonly name: string;
  /** The schema of the context that the step requires; `undefined` if it has none. */
  readonly requires: Schema | undefined;
  /** The schema of the step's output; `undefined` if it has none. */
  readonly provides: Schema | undefined;
}

/** The result of a step, as middleware sees it. */
export type StepResult =
  | { readonly success: true; readonly data: Context }
  | {
    readonly success: false;
    readonly error: Error;
    readonly failedStep?: string | undefined;
  };

/**
 * Runs the remaining middleware and then the step. It may be called once. If a step or an inner
 * middleware throws, the result is a failed one.
 */
export type Next = (ctx: Context) => Promise<StepResult>;

/**
 * Wraps each direct child of a pipeline, including its validation; the first middleware in the list
 * is the outermost. It may observe, replace the result, or answer without calling `next`, in which
 * case the step does not run and has no rollback. The outer function is called each time a step
 * runs.
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

/**
 * A middleware that adds keys to the context of each step, which the pipeline's steps may require.
 * They are not in the pipeline's data. No step and no arg may have the same key.
 *
 * @example A log for each step
 * ```ts
 * import { type AddingMiddleware, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const withLog: AddingMiddleware<{ log: (line: string) => void }> = ({ name }, next) => (ctx) =>
 *   next({ ...ctx, log: (line) => void lines.push(`${name}: ${line}`) });
 * const hello = step({
 *   name: "hello",
 *   run: (ctx: { log: (line: string) => void }) => ctx.log("world"),
 * });
 * const result = await pipeline({ name: "greet", steps: [hello], middleware: [withLog] }).run();
 * assertEquals(lines, ["hello: world"]);
 * assertEquals(result.success && result.data, {});
 * ```
 */
export type AddingMiddleware<Added> = (
  step: StepInfo,
  next: (ctx: Context & Added) => Promise<StepResult>,
) => (ctx: Context) => MaybePromise<StepResult>;
