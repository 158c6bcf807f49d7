// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { AnyStep, Step } from "../api/step.ts";
import type { UnneededIssue } from "./messages.ts";
import type { Flat, Without } from "./objects.ts";
import type { NameOf, ProvidesOf, RequiresOf } from "./of.ts";

/**
 * The new names of a step's inputs, or sentences in place of inputs that the step does not have.
 *
 * @internal
 */
export type InputsFit<S extends AnyStep, M> = [RequiresOf<S>] extends [never] ? M : {
  readonly [K in keyof M]: K extends keyof RequiresOf<S> ? M[K]
    : string extends K ? M[K]
    : UnneededIssue<S, K & string>;
};

// Several inputs may get the same new name; its value must then have all of their types.
type OtherNames<R, M, K = keyof M> = (K extends keyof M & keyof R ? (
    x: {} extends Pick<R, K> ? { [N in M[K] & string]?: R[K] } : { [N in M[K] & string]: R[K] },
  ) => void
  : never) extends (x: infer I) => void ? I : never;

/**
 * The step that `withInputs` makes.
 *
 * @internal
 */
export type Renamed<S extends AnyStep, M> = {
  step: Step<
    NameOf<S>,
    [RequiresOf<S>] extends [never] ? never
      : Flat<Without<RequiresOf<S>, keyof M> & OtherNames<RequiresOf<S>, M>>,
    ProvidesOf<S>
  >;
}["step"];
