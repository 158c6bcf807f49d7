import type {
  AnyStep,
  Collection,
  ItemFailure,
  NameOf,
  Predicate,
  ProvidesOf,
  RequiresOf,
} from "./types.ts";
import type { Collapse, Flat, Over, Without } from "./types_objects.ts";

/**
 * The context as a callback sees it that stands beside a step: what the step needs.
 *
 * @internal
 */
export type Ctx<S extends AnyStep> = Readonly<RequiresOf<S>>;

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
export type AllNeeds<S extends readonly unknown[], R = Record<never, never>> = S extends
  readonly [infer H extends AnyStep, ...infer T] ? AllNeeds<T, Flat<R & RequiresOf<H>>> : R;

/**
 * What all the steps add, the later over the earlier.
 *
 * @internal
 */
export type AllAdded<S extends readonly unknown[], P = Record<never, never>> = S extends
  readonly [infer H extends AnyStep, ...infer T] ? AllAdded<T, Merge<P, ProvidesOf<H>>> : P;
type Merge<A, B> = Flat<Without<A, keyof B> & Over<A, B>>;

/**
 * A branch: a predicate and the step that it guards.
 *
 * @internal
 */
export type If<S, C> = readonly [predicate: Predicate<C>, step: S];

// TypeScript fills in the constraint, AnyStep, where there is no step to infer from.
type IsReal<S> = [S] extends [never] ? false
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
  | (IsReal<Default> extends true ? never : Record<never, never>)
>;

/**
 * What `map` needs: what its callbacks ask for, and what its step does that is no key of the items.
 *
 * @internal
 */
export type MapNeeds<I, C, S, As> = IsReal<S> extends true
  ? S extends AnyStep ? Plus<Flat<Without<RequiresOf<S>, As extends string ? As : keyof I>>, C>
  : never
  : Plus<Record<never, never>, C>;

/**
 * What one item becomes.
 *
 * @internal
 */
export type Each<O, S> = IsReal<S> extends true ? S extends AnyStep ? ProvidesOf<S> : never : O;

/**
 * What a step of a `distribute` needs, with a list in place of each mapped key.
 *
 * @internal
 */
export type Spread<R, M> = Flat<
  & Without<R, M[keyof M]>
  & { readonly [L in keyof M]: M[L] extends keyof R ? readonly Required<R>[M[L]][] : never }
>;

/**
 * The items of a collection; of a Map, its values.
 *
 * @internal
 */
export type ItemOf<L> = L extends ReadonlyMap<unknown, infer V> ? V
  : L extends Collection<infer I> ? I
  : never;

/**
 * What stands in the output for one item.
 *
 * @internal
 */
export type Collected<T, I, OnFailure> = OnFailure extends "collect" ? T | ItemFailure<I> : T;
