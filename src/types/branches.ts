// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Predicate } from "../api/collection.ts";
import type { AnyStep, Step } from "../api/step.ts";
import type { AllNeeds, Names, Plus } from "./combinators.ts";
import type { Collapse, Flat, IsUnion } from "./objects.ts";
import type { NoBranch, NoStep } from "./messages.ts";
import type { NameOf, ProvidesOf, RequiresOf } from "./of.ts";

/**
 * A predicate, or a type guard that narrows the context to `D`.
 *
 * @internal
 */
export type PredicateOf<C, D extends C> = ((ctx: C) => ctx is D) | Predicate<C>;

/**
 * The needs `R` that remain once a guard has narrowed the context to `D`.
 *
 * @internal
 */
export type Unproven<R, D> = unknown extends D ? R : {
  [K in keyof R as K extends keyof D ? D[K] extends R[K] ? never : K : K]: R[K];
};

/** The type of the context if a guard did not hold. */
type Otherwise<C, D> = IsUnion<C> extends true ? Exclude<C, D>
  : [Exclude<keyof D, keyof C>] extends [never] ? WithoutAt<C, D, Narrowed<C, D>>
  : unknown;

/** The keys that a guard narrows. */
type Narrowed<C, D> = {
  [K in keyof C & keyof D]: [C[K]] extends [D[K]] ? never : K;
}[keyof C & keyof D];

// If a guard narrows several keys and does not hold, it is unknown which key failed.
type WithoutAt<C, D, K> = [K] extends [never] ? unknown
  : IsUnion<K> extends true ? unknown
  : { [k in K & keyof C & keyof D]: Exclude<C[k], D[k]> };

/**
 * The type to which a guard narrows the context.
 *
 * @internal
 */
// deno-lint-ignore no-explicit-any -- a guard must narrow what it is given, whatever that is
export type ShownBy<P> = P extends (ctx: any) => ctx is infer D ? D : unknown;

/**
 * The context that a predicate reads.
 *
 * @internal
 */
export type ReadBy<P> = P extends (ctx: infer C) => unknown ? C : unknown;

/**
 * A branch of a `choice`: a predicate and the step that it guards.
 *
 * @internal
 */
export type If<S, C> = readonly [predicate: Predicate<C>, step: S];

/**
 * The type of a `choice` branch inferred as `B`: a pair, or a bare step if it is the last one.
 *
 * @internal
 */
export type BranchAt<B, S, C, Next> = [B] extends [never] ? If<S, C>
  : [B] extends [readonly [infer P, unknown]] ? [S] extends [AnyStep] ? If<S, C>
    : [P] extends [AnyStep] ? NoBranch<B>
    : readonly [Predicate<C>, NoStep<S>]
  : [B] extends [AnyStep] ? [Next] extends [never] ? B : "only the last branch may be a default"
  : NoBranch<B>;

/**
 * The leading branches, up to the first that is absent.
 *
 * @internal
 */
export type Present<B extends readonly unknown[]> = B extends readonly [infer H, ...infer T]
  ? [H] extends [never] ? [] : [H, ...Present<T>]
  : [];

/**
 * The steps of the branches `B`, without the needs that the branch's own guard and the failed
 * guards before it prove. The context that a predicate reads is needed too, unless it is the
 * context `Base` itself.
 *
 * @internal
 */
export type Guarded<
  B extends readonly unknown[],
  Base,
  Known = unknown,
  Out extends readonly unknown[] = [],
> = B extends readonly [infer H, ...infer T]
  ? H extends readonly [infer P, infer S extends AnyStep] ? Guarded<
      T,
      Base,
      Known & RestOf<ReadBy<P>, ShownBy<P>>,
      [...Out, GuardedStep<S, ReadBy<P>, Known & ShownBy<P>, Base>]
    >
  : H extends AnyStep ? Guarded<T, Base, Known, [...Out, GuardedStep<H, unknown, Known, Base>]>
  : Guarded<T, Base, Known, Out>
  : Out;

type RestOf<C, D> = unknown extends D ? unknown : Otherwise<C, D>;

/**
 * The step of a branch with its remaining needs; the same type if they do not change, which is
 * cheaper.
 */
type GuardedStep<S extends AnyStep, C, D, Base> = unknown extends D
  ? IsFound<C, Base, RequiresOf<S>> extends true ? S : NeedingMore<S, C, D, Base>
  : NeedingMore<S, C, D, Base>;

type NeedingMore<S extends AnyStep, C, D, Base> = Step<
  NameOf<S>,
  GuardedNeeds<RequiresOf<S>, C, D, Base>,
  ProvidesOf<S>
>;

/**
 * The needs `R` of a step that its guard does not prove, and the context that its predicate reads.
 */
type GuardedNeeds<R, C, D, Base> = unknown extends D ? AlsoRead<R, C, IsFound<C, Base, R>>
  : AlsoRead<Unproven<R, D>, C, IsFound<C, Base, unknown>>;

type AlsoRead<R, C, Found> = Found extends true ? R : Plus<R, C>;

/** Whether a predicate reads no more than the builder's context or its step's needs. */
type IsFound<C, Base, R> = [Base] extends [C] ? true : [R] extends [C] ? true : false;

// Indexed types, so that the compiler shows the resulting step instead of an alias.

/**
 * The step that `when` makes with a predicate on the context `C`, which narrows it to `D` if it is
 * a guard.
 *
 * @internal
 */
export type When<S extends AnyStep, C, D, Base = unknown> = {
  step: Step<
    `when(${NameOf<S>})`,
    GuardedNeeds<RequiresOf<S>, C, [D] extends [never] ? unknown : D, Base>,
    Flat<Partial<ProvidesOf<S>>>
  >;
}["step"];

/**
 * The step that `choice` makes from the branches `B`.
 *
 * @internal
 */
export type Chosen<B extends readonly unknown[], S extends readonly unknown[]> = {
  step: Step<
    `choice(${Names<S>})`,
    AllNeeds<S>,
    Collapse<Either<S[number]> | (HasDefault<B> extends true ? never : {})>
  >;
}["step"];

type Either<S> = S extends AnyStep ? ProvidesOf<S> : never;

type HasDefault<B> = B extends readonly [...unknown[], infer D]
  ? [D] extends [AnyStep] ? true : false
  : false;
