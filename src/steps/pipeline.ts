import type { Middleware } from "../api/middleware.ts";
import type { Schema } from "../api/schema.ts";
import { expose } from "../engine/expose.ts";
import type { Made, Which } from "../types/made.ts";
import type { DepsOf, PipelineDefinition, StepsFold } from "../types/pipeline.ts";
import type { Unset } from "../types/step.ts";
import { cast } from "../values/cast.ts";
import { makeBuilder } from "./builder.ts";
import { checkPipeline } from "./check_pipeline.ts";
import { sequence } from "./sequence.ts";

/**
 * Makes a pipeline of steps. They run in order, and each sees the args and the outputs of all steps
 * before it. When one fails, all completed steps are undone in reverse order. A pipeline is itself
 * a step, so pipelines can be nested.
 *
 * @param definition The pipeline's name, steps, schemas and policies.
 * @returns A frozen pipeline; without `steps`, a builder.
 * @throws {ConfigError} If the definition is invalid: no name, an unknown option, an entry that is
 * not a step.
 * @throws {StrictOverlapError} If it is `strict` and two steps provide the same key.
 *
 * @example Undo completed steps
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const reserve = step({
 *   name: "reserve",
 *   run: (ctx: { sku: string }) => ({ reservation: `one ${ctx.sku}` }),
 *   rollback: (_ctx, output) => console.log("released", output.reservation),
 * });
 * const charge = step({
 *   name: "charge",
 *   run: () => {
 *     throw new Error("card declined");
 *   },
 * });
 * const checkout = pipeline({ name: "checkout", steps: [reserve, charge] });
 *
 * const result = await checkout.run({ sku: "tea" });
 * assert(!result.success);
 * assertEquals(result.error.message, "card declined");
 * assertEquals(result.failedStep, "charge");
 * assertEquals(result.rollback.completed, ["reserve"]);
 * ```
 */
export function pipeline<
  Args = Unset,
  const N extends string = string,
  AS = undefined,
  const S extends readonly unknown[] = never,
  OS extends Schema | undefined = undefined,
  const Strict extends boolean = false,
  const M extends readonly Middleware[] = readonly Middleware[],
  DS = undefined,
>(
  definition: PipelineDefinition<N, S, AS, OS, Strict, Args, M, DS>,
): Made<
  Args,
  N,
  AS,
  S,
  OS,
  Strict,
  StepsFold<S, Args, AS, Strict, M, DepsOf<DS>>,
  DepsOf<DS>
>[Which<AS, S, DS>] {
  const own = checkPipeline(cast(definition));
  return cast(own.steps === undefined ? makeBuilder(own) : expose(sequence(own)));
}
