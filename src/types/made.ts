import type { CheckedPipeline, Pipeline } from "../api/step.ts";
import type { Builder } from "./builder.ts";
import type { ChecksOf } from "./build_state.ts";
import type { AddsOf, ArgsOf, DataOf, GivenArgs, Start } from "./pipeline.ts";

/**
 * The return types of `pipeline`: a pipeline if steps are given, otherwise a builder. An indexed
 * type, not a conditional one, so that a declared type is not inferred backwards into the steps.
 *
 * @internal
 */
export interface Made<Args, N extends string, AS, S, OS, Strict extends boolean, W> {
  /** A builder that begins with the args. */
  readonly builder: Builder<
    N,
    GivenArgs<Args, AS>,
    Start<Args, AS>,
    never,
    ChecksOf<Args, AS, Strict>,
    OS
  >;
  /** The pipeline of the steps. */
  readonly pipeline: Pipeline<N, ArgsOf<Args, AS, W>, DataOf<OS, W>, AddsOf<OS, W>>;
  /** The pipeline of the steps, with an `argsSchema`. */
  readonly checked: CheckedPipeline<N, ArgsOf<Args, AS, W>, DataOf<OS, W>, AddsOf<OS, W>>;
}
