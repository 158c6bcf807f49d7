// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { RetryPolicy } from "./policy.ts";
import type { Result } from "./result.ts";
import type { RunOptions, RunOptionsWithDeps } from "./run.ts";
import type { Schema } from "./schema.ts";

/**
 * The property that holds a step's internal node. Not for use outside the library.
 *
 * @internal
 */
export const engine: unique symbol = Symbol.for("runsheet.engine");

/** The properties that steps and pipelines share. */
export interface StepLike<Name extends string, Requires, Provides> {
  /** The step's name. */
  readonly name: Name;
  /** The schema of the context that the step requires; `undefined` if it has none. */
  readonly requires: Schema | undefined;
  /** The schema of the step's output; `undefined` if it has none. */
  readonly provides: Schema | undefined;
  /** When the step or pipeline is retried; `undefined` if never, and for combinators. */
  readonly retry: RetryPolicy | undefined;
  /** The time limit of one attempt of the step, or of the whole pipeline, in milliseconds. */
  readonly timeout: number | undefined;
  /** The undos that a step made by `step` declares; `undefined` for any other. */
  readonly undos: readonly ("rollback" | "undoByKey")[] | undefined;
  /** Carries the static types; the value belongs to the engine. @internal */
  readonly [engine]: {
    readonly requires?: (ctx: Requires) => void;
    readonly provides?: Provides;
  };
}

/** A piece of work with a name, the context keys it needs and the keys it adds. Frozen. */
export interface Step<Name extends string, Requires, Provides>
  extends StepLike<Name, Requires, Provides> {
  /**
   * Runs the step on its own, with its validation, retry, timeout and rollback. It never rejects,
   * except with a host's own signal.
   *
   * @param args The step's context.
   * @param options A signal, a run id, a host and callbacks, all optional.
   * @returns The step's output, or the reason it failed.
   */
  run(args: Requires, options?: RunOptions): Promise<Result<Provides>>;
}

/**
 * A step made of steps. Its data is the accumulated context, including the args. Inside another
 * pipeline, it adds `Adds`: what its own steps provide, or its `output`.
 */
export interface Pipeline<
  Name extends string,
  Args,
  Data,
  Adds = Omit<Data, keyof Args>,
> extends StepLike<Name, Args, Adds> {
  /**
   * Runs the pipeline. It never rejects, except with a host's own signal.
   *
   * @param args The initial context; may be omitted if nothing is required.
   * @param options A signal, a run id, a host and callbacks, all optional.
   * @returns The accumulated context, or the reason it failed and the rollback report.
   */
  run(
    ...args: {} extends Args ? [args?: Args, options?: RunOptions | undefined]
      : [args: Args, options?: RunOptions | undefined]
  ): Promise<Result<Data>>;
}

/** A pipeline with an `argsSchema`, which also accepts input of unknown type. */
export interface CheckedPipeline<
  Name extends string,
  Args,
  Data,
  Adds = Omit<Data, keyof Args>,
> extends Pipeline<Name, Args, Data, Adds> {
  /**
   * Runs the pipeline with input that only its `argsSchema` has to accept, such as the body of a
   * request. It never rejects, except with a host's own signal.
   *
   * @param input The initial context, of any type.
   * @param options A signal, a run id, a host and callbacks, all optional.
   * @returns The accumulated context, or the reason it failed: an `ARGS_VALIDATION` error for wrong
   * input.
   *
   * @example The body of a request
   * ```ts
   * import { isRunsheetError, pipeline } from "@runsheet/runsheet";
   * import { assert } from "@std/assert";
   * import { type } from "arktype";
   *
   * const order = pipeline({ name: "order", argsSchema: type({ sku: "string" }), steps: [] });
   * const body: unknown = JSON.parse('{ "sku": 7 }');
   * const result = await order.runUnknown(body);
   * assert(!result.success && isRunsheetError(result.error, "ARGS_VALIDATION"));
   * ```
   */
  runUnknown(input: unknown, options?: RunOptions): Promise<Result<Data>>;
}

/**
 * A pipeline with deps. In an outer pipeline it needs them in the context, beside its args.
 */
export interface DepsPipeline<
  Name extends string,
  Args,
  Data,
  Adds,
  Deps,
> extends StepLike<Name, Args & Deps, Adds> {
  /** A pipeline with deps cannot run without them. */
  run(mistake: "this pipeline has deps: run(args, { deps })"): never;
  /**
   * Runs the pipeline. It never rejects, except with a host's own signal.
   *
   * @param args The initial context.
   * @param options The deps, and the options of other pipelines.
   * @returns The accumulated context without the deps, or the reason it failed and the rollback
   * report.
   */
  run(
    args: {} extends Args ? Args | undefined : Args,
    options: RunOptionsWithDeps<Deps>,
  ): Promise<Result<Data>>;
}

/** A pipeline with deps and an `argsSchema`. */
export interface CheckedDepsPipeline<
  Name extends string,
  Args,
  Data,
  Adds,
  Deps,
> extends DepsPipeline<Name, Args, Data, Adds, Deps> {
  /**
   * Runs the pipeline with input that only its `argsSchema` has to accept, such as the body of a
   * request. It never rejects, except with a host's own signal.
   *
   * @param input The initial context, of any type.
   * @param options The deps, and the options of other pipelines.
   * @returns The accumulated context without the deps, or the reason it failed.
   */
  runUnknown(input: unknown, options: RunOptionsWithDeps<Deps>): Promise<Result<Data>>;
}

/** Any step, combinator or pipeline. */
export type AnyStep = Step<string, never, object>;
