import type { Schema } from "../api/schema.ts";
import type { CheckedDepsPipeline, CheckedPipeline, DepsPipeline, Pipeline } from "../api/step.ts";
import type { Builder } from "./builder.ts";
import type { ChecksOf } from "./build_state.ts";
import type { AddsOf, ArgsOf, DataOf, GivenArgs, Start } from "./pipeline.ts";

/**
 * The return types of `pipeline`: a pipeline if steps are given, otherwise a builder. An indexed
 * type, not a conditional one, so that a declared type is not inferred backwards into the steps.
 *
 * @internal
 */
export interface Made<
  Args,
  N extends string,
  AS,
  S,
  OS,
  Strict extends boolean,
  W,
  D,
> {
  /** A builder that begins with the args and the deps. */
  readonly builder: Builder<
    N,
    GivenArgs<Args, AS>,
    Start<Args, AS, D>,
    keyof D,
    ChecksOf<Args, AS, Strict, D>,
    OS
  >;
  /** The pipeline of the steps. */
  readonly pipeline: Pipeline<N, ArgsOf<Args, AS, W>, DataOf<OS, W, D>, AddsOf<OS, W, D>>;
  /** The pipeline of the steps, with an `argsSchema`. */
  readonly checked: CheckedPipeline<N, ArgsOf<Args, AS, W>, DataOf<OS, W, D>, AddsOf<OS, W, D>>;
  /** The pipeline of the steps, with deps. */
  readonly withDeps: DepsPipeline<N, ArgsOf<Args, AS, W>, DataOf<OS, W, D>, AddsOf<OS, W, D>, D>;
  /** The pipeline of the steps, with an `argsSchema` and deps. */
  readonly checkedWithDeps: CheckedDepsPipeline<
    N,
    ArgsOf<Args, AS, W>,
    DataOf<OS, W, D>,
    AddsOf<OS, W, D>,
    D
  >;
}

/**
 * The key of the type that `pipeline` returns.
 *
 * @internal
 */
export type Which<AS, S, DS> = [S] extends [never] ? "builder"
  : DS extends Schema ? AS extends Schema ? "checkedWithDeps" : "withDeps"
  : AS extends Schema ? "checked"
  : "pipeline";
