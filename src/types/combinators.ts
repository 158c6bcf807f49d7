// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Predicate } from "../api/collection.ts";
import type { AnyStep, Step } from "../api/step.ts";
import type { Collapse, Flat, Over, Without } from "./objects.ts";
import type { NameOf, ProvidesOf, RequiresOf } from "./of.ts";

/**
 * The context as a callback sees it. The hint is there to be read, in messages on a key that it lacks.
 *
 * @internal
 */
export type ContextOf<T, Hint extends string> = { readonly [K in keyof T]: T[K] };

/**
 * The context as the first callback of a collection sees it until it annotates it.
 *
 * @internal
 */
export type NoContext = ContextOf<{}, "annotate ctx to read it, or use the builder">;

/**
 * The context as a predicate sees it that stands beside a step: what the step needs.
 *
 * @internal
 */
export type Ctx<S extends AnyStep> = ContextOf<
  RequiresOf<S>,
  "to read more, annotate ctx or use the builder"
>;

/**
 * What is needed with what a callback's annotated context asks for.
 *
 * @internal
 */
export type Plus<R, C> = 0 extends 1 & C ? R : unknown extends C ? R : Flat<R & C>;

/**
 * The names of steps, as one string.
 *
 * @internal
 */
export type Names<S extends readonly unknown[], Sep extends string = ""> = S extends
  readonly [infer H extends AnyStep, ...infer T] ? `${Sep}${NameOf<H>}${Names<T, ", ">}` : "";

/**
 * What all the steps need.
 *
 * @internal
 */
export type AllNeeds<S extends readonly unknown[], R = {}> = S extends
  readonly [infer H extends AnyStep, ...infer T] ? AllNeeds<T, Flat<R & RequiresOf<H>>> : R;

/**
 * What all the steps add, the later over the earlier.
 *
 * @internal
 */
export type AllAdded<S extends readonly unknown[], P = {}> = S extends
  readonly [infer H extends AnyStep, ...infer T] ? AllAdded<T, Merge<P, ProvidesOf<H>>> : P;

type Merge<A, B> = Flat<Without<A, keyof B> & Over<A, B>>;

/**
 * A branch: a predicate and the step that it guards.
 *
 * @internal
 */
export type If<S, C> = readonly [predicate: Predicate<C>, step: S];

/**
 * Whether there is a step: TypeScript fills in the constraint, AnyStep, where there is none to infer from.
 *
 * @internal
 */
export type IsReal<S> = [S] extends [never] ? false
  : S extends AnyStep ? [RequiresOf<S>] extends [never] ? false : true
  : false;

/**
 * The branches that are there.
 *
 * @internal
 */
export type RealSteps<S extends readonly unknown[]> = S extends readonly [infer H, ...infer T]
  ? IsReal<H> extends true ? [H, ...RealSteps<T>] : RealSteps<T>
  : [];

/**
 * What a branch needs, if it is there.
 *
 * @internal
 */
export type Need<S, C> = IsReal<S> extends true
  ? S extends AnyStep ? Plus<RequiresOf<S>, C> : unknown
  : unknown;

/**
 * What a choice adds: sure where every branch provides it and there is a default, else optional.
 *
 * @internal
 */
export type Either<S, Default> = Collapse<
  | (S extends AnyStep ? ProvidesOf<S> : never)
  | (IsReal<Default> extends true ? never : {})
>;

// Indexed, so that the compiler shows the step that each of these comes to, and not its alias.

/**
 * The step that `when` makes.
 *
 * @internal
 */
export type When<S extends AnyStep, C> = {
  step: Step<
    `when(${NameOf<S>})`,
    Plus<RequiresOf<S>, C>,
    Flat<Partial<ProvidesOf<S>>>
  >;
}["step"];

/**
 * The step that `parallel` makes.
 *
 * @internal
 */
export type Together<S extends readonly unknown[]> = {
  step: Step<
    `parallel(${Names<S>})`,
    AllNeeds<S>,
    AllAdded<S>
  >;
}["step"];

/**
 * The step that `choice` makes of the steps `S`, the default `D` among them if there is one.
 *
 * @internal
 */
export type Chosen<S extends readonly unknown[], D, R> = {
  step: Step<
    `choice(${Names<S>})`,
    R,
    Either<S[number], D>
  >;
}["step"];

/**
 * The step of a branch.
 *
 * @internal
 */
export type StepOf<B> = B extends AnyStep ? B
  : B extends readonly [unknown, infer S extends AnyStep] ? S
  : never;

/**
 * The steps of branches.
 *
 * @internal
 */
export type StepsOf<B extends readonly unknown[]> = { [I in keyof B]: StepOf<B[I]> };

/**
 * The bare step at the end of branches.
 *
 * @internal
 */
export type DefaultOf<B> = B extends readonly [...unknown[], infer D extends AnyStep] ? D : never;
