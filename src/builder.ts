import { checkOptions, refuse } from "./config.ts";
import { expose } from "./engine.ts";
import { type Definition, sequence } from "./sequence.ts";
import type { Schema } from "./standard_schema.ts";
import type { AnyStep, Middleware, Pipeline } from "./types.ts";
import type { ArgsOf, DataOf, Then } from "./types_pipeline.ts";
import type { ObjectSchema } from "./types_step.ts";

/**
 * Makes a pipeline step by step. Every method gives a new builder and leaves the old one as it was, so that a builder
 * can be forked.
 *
 * @typeParam Name The pipeline's name.
 * @typeParam F What is known of the args and the context so far.
 * @typeParam Open Whether the args are inferred from the steps.
 * @typeParam OS The output schema.
 *
 * @example Two pipelines with one beginning
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const trim = step({ name: "trim", run: (ctx: { text: string }) => ({ text: ctx.text.trim() }) });
 * const count = step({ name: "count", run: (ctx: { text: string }) => ({ length: ctx.text.length }) });
 *
 * const trimmed = pipeline({ name: "text" }).step(trim);
 * const counted = trimmed.step(count).build();
 * const result = await counted.run({ text: " hello " });
 * assertEquals(result.success && result.data, { text: "hello", length: 5 });
 * ```
 */
export interface Builder<
  Name extends string,
  F,
  Open extends boolean,
  OS = undefined,
> {
  /**
   * Adds a step to the end.
   *
   * @param step A step, a combinator or a pipeline.
   */
  step<S extends AnyStep>(step: S): Builder<Name, Then<F, S, Open>, Open, OS>;
  /**
   * Adds middleware around every step of the pipeline, also those added before; the first is outermost.
   *
   * @param middleware What to wrap the steps in.
   */
  use(...middleware: readonly Middleware[]): Builder<Name, F, Open, OS>;
  /**
   * Makes the pipeline.
   *
   * @throws {ConfigError} If the pipeline is wrong, as `pipeline` does.
   */
  build(): Pipeline<Name, ArgsOf<F>, DataOf<F, OS>>;
  /**
   * Makes the pipeline, with an output schema.
   *
   * @param options `output` says what the data must be: a schema of an object.
   * @throws {ConfigError} If `output` has already been given to `pipeline`.
   */
  build<Out extends Schema>(
    options: { readonly output: ObjectSchema<Out> },
  ): Pipeline<Name, ArgsOf<F>, DataOf<F, Out>>;
}

/** A builder without its types. */
export interface ErasedBuilder {
  step(step: unknown): ErasedBuilder;
  use(...middleware: readonly Middleware[]): ErasedBuilder;
  build(options?: { readonly output?: Schema }): unknown;
}

/** A builder of the pipeline that has been defined so far. */
export function makeBuilder(definition: Definition): ErasedBuilder {
  const { name, steps = [], middleware = [] } = definition;
  return Object.freeze({
    step: (step: unknown) => makeBuilder({ ...definition, steps: [...steps, step] }),
    use: (...more: readonly Middleware[]) =>
      makeBuilder({ ...definition, middleware: [...middleware, ...more] }),
    build: (options: { readonly output?: Schema } = {}) => {
      const action = `build pipeline '${name}'`;
      checkOptions(action, options, ["output"]);
      if (definition.output && options.output) {
        refuse(
          action,
          "'output' must be given once, to 'pipeline' or to 'build'",
          options.output,
        );
      }
      return expose(sequence({ ...definition, steps, ...options }));
    },
  });
}
