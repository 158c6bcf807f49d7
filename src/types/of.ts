import type { AnyStep, DepsPipeline, engine } from "../api/step.ts";
import type { Declared } from "./objects.ts";

/** The name of a step. */
export type NameOf<S extends AnyStep> = S["name"];

/** The context that a step needs, as far as it declares keys. */
export type RequiresOf<S extends AnyStep> = S[typeof engine] extends
  { readonly requires?: (ctx: infer R) => void } ? Declared<R>
  : never;

/** The keys that a step adds to the context, as far as it declares them. */
export type ProvidesOf<S extends AnyStep> = Declared<NonNullable<S[typeof engine]["provides"]>>;

/**
 * The keys that a step creates: those it adds but does not need.
 *
 * @internal
 */
export type CreatedBy<S extends AnyStep> = Exclude<keyof ProvidesOf<S>, keyof RequiresOf<S>>;

/**
 * The deps that a pipeline takes beside its args.
 *
 * @internal
 */
export type OwnDeps<S> = S extends
  DepsPipeline<string, infer _Args, infer _Data, infer _Adds, infer D> ? D
  : unknown;

/**
 * The args of a pipeline with deps, or the context that any other step needs.
 *
 * @internal
 */
export type OwnArgs<S extends AnyStep> = S extends
  DepsPipeline<string, infer Args, infer _Data, infer _Adds, infer _Deps> ? Args : RequiresOf<S>;
