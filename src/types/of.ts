import type { AnyStep, engine } from "../api/step.ts";
import type { Declared } from "./objects.ts";

/** The name of a step. */
export type NameOf<S extends AnyStep> = S["name"];

/** What a step needs of the context, as far as it declares keys. */
export type RequiresOf<S extends AnyStep> = S[typeof engine] extends
  { readonly requires?: (ctx: infer R) => void } ? Declared<R>
  : never;

/** What a step adds to the context, as far as it declares keys. */
export type ProvidesOf<S extends AnyStep> = Declared<NonNullable<S[typeof engine]["provides"]>>;

/**
 * The keys that a step creates: those that it adds and does not need.
 *
 * @internal
 */
export type CreatedBy<S extends AnyStep> = Exclude<keyof ProvidesOf<S>, keyof RequiresOf<S>>;
