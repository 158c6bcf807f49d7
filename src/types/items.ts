// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Collection, ItemFailure } from "../api/collection.ts";
import type { CollectionInfo, ItemInfo } from "../api/info.ts";
import type { AnyStep, Step } from "../api/step.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { IsReal, Plus } from "./combinators.ts";
import type {
  AsIssue,
  CollectionIssue,
  ItemIssue,
  ListIssue,
  ListOfIssue,
  NoEach,
  NoObjectIssue,
  TakesIssue,
  UnneededIssue,
  Wrong,
} from "./messages.ts";
import type { Collapse, Flat, IsUnion, SureKeys, Without } from "./objects.ts";
import type { HeldKeys } from "./held.ts";
import type { ProvidesOf, RequiresOf } from "./of.ts";
import type { Alike } from "./spelling.ts";

/** The keys that an item's step adds, without held values. */
type WithoutHeld<P> = [HeldKeys<P>] extends [never] ? P : Without<P, HeldKeys<P>>;

/** An item type as a single object type. */
type OneOf<I> = IsUnion<I> extends true ? Collapse<I> : I;

/** The keys that every item has; any key if nothing is known about the items. */
type ItemKeys<I> = 0 extends 1 & I ? PropertyKey : SureKeys<OneOf<I>>;

/**
 * The needs of a `map`: those of its callbacks, and those of its step that items may lack.
 *
 * @internal
 */
export type MapNeeds<I, C, S, As> = IsReal<S> extends true
  ? S extends AnyStep ? Plus<Flat<Without<RequiresOf<S>, As extends string ? As : ItemKeys<I>>>, C>
  : never
  : Plus<{}, C>;

/** Whether the compiler has inferred the collection. */
type IsKnown<L> = unknown extends L ? false : true;

/**
 * The function that returns a collection inferred as `L`, or the sentence that says what it must
 * be.
 *
 * @internal
 */
export type ItemsOf<L, C> = IsList<L, Collection<unknown>> extends true
  ? (ctx: C, info: CollectionInfo) => MaybePromise<L>
  : CollectionIssue<L>;

// A string can be iterated, but is refused: it is most likely there by mistake.
type IsList<L, Lists> = unknown extends L ? true
  : [L] extends [Lists] ? [Extract<L, string>] extends [never] ? true : false
  : false;

/**
 * The step `S` of a `map` of the collection `L`, or the sentence that says why it cannot take the
 * items.
 *
 * @internal
 */
export type ItemFits<S, L, As> = S extends AnyStep ? IsKnown<L> extends false ? S
  : [RequiresOf<S>] extends [never] ? S
  : [As] extends [never] ? S
  : [As] extends [string] ? AsItem<S, ItemOf<L>, As>
  : SpreadItem<S, ItemOf<L>, OneOf<ItemOf<L>>>
  : never;

// An unknown item may be valid: `requires` checks it when the step runs.
type AsItem<S extends AnyStep, I, As extends string> = unknown extends I ? S
  : As extends keyof RequiresOf<S> ? [I] extends [RequiresOf<S>[As]] ? S : AsIssue<S, I, As>
  : S;

type SpreadItem<S extends AnyStep, I, T> = 0 extends 1 & I ? S
  : [I] extends [never] ? S
  : [I] extends [object] ? [I] extends [Iterable<unknown>] ? NoObjectIssue<S, I>
    : [Wrong<RequiresOf<S>, T>] extends [never] ? S
    : ItemIssue<S, T>
  : NoObjectIssue<S, I>;

/**
 * The third argument of `map`: a fitting step if `S` is a step, otherwise a function of an item
 * `I`.
 *
 * @internal
 */
export type PerItem<Fit, S, L, I, C, O> = IsFunction<S> extends true
  ? Takes<L, I, (item: I, ctx: C, info: ItemInfo) => MaybePromise<O>>
  : [S] extends [AnyStep] ? Fit
  : NoEach<S>;

/**
 * Whether an argument that may be a function or a step is a function, or not inferred yet.
 *
 * @internal
 */
export type IsFunction<S> = [S] extends [never] ? true
  : S extends (...given: never) => unknown ? true
  : false;

/**
 * A function of an item `I`, or the sentence that says why it does not fit the items of the
 * collection `L`.
 *
 * @internal
 */
export type Takes<L, I, Function> = [ItemOf<L>] extends [I] ? Function : TakesIssue<ItemOf<L>, I>;

/**
 * The function of a `flatMap`, inferred to return `R`, or the sentence that says what it must
 * return.
 *
 * @internal
 */
export type GivesList<I, C, R> = IsList<R, Iterable<unknown>> extends true
  ? (item: I, ctx: C, info: ItemInfo) => MaybePromise<R>
  : ListOfIssue<R>;

/**
 * The key that `as` names, or the sentence that says that the step does not need it.
 *
 * @internal
 */
export type AsFits<S, As, L> = As extends string
  ? IsFunction<S> extends true
    ? IsKnown<L> extends true ? "'as' is for a step; this function is given the item itself" : As
  : IsReal<S> extends true ? S extends AnyStep ? AsHint<S, As> : As
  : As
  : As;

type AsHint<S extends AnyStep, As extends string> = As extends keyof RequiresOf<S> ? As
  : [Alike<As, keyof RequiresOf<S> & string>] extends [never] ? As
  : UnneededIssue<S, As>;

/**
 * The context that an annotated callback asks for, combined with that of the callback before it.
 *
 * @internal
 */
export type Also<C, D> = 0 extends 1 & D ? C : unknown extends D ? C : C & D;

/**
 * The result of one item.
 *
 * @internal
 */
export type Each<O, S> = IsReal<S> extends true
  ? S extends AnyStep ? WithoutHeld<ProvidesOf<S>> : never
  : O;

/**
 * The needs of a step of a `distribute`, with a list in place of each mapped key.
 *
 * @internal
 */
export type Spread<R, M> = Flat<
  & Without<R, M[keyof M]>
  & { -readonly [L in keyof M]: M[L] extends keyof R ? readonly Required<R>[M[L]][] : never }
>;

/**
 * The step of a `distribute`, or the sentence that says which list it needs, as the step does not
 * see the lists.
 *
 * @internal
 */
export type ListsFit<Given, S extends AnyStep, M> = [M] extends [never] ? Given
  : [RequiresOf<S>] extends [never] ? Given
  : [Exclude<keyof M, M[keyof M]> & keyof RequiresOf<S>] extends [never] ? Given
  : ListIssue<S, Exclude<keyof M, M[keyof M]> & keyof RequiresOf<S> & string>;

/**
 * The keys that a step needs; any key for a value that is not a step, as that mistake is reported
 * elsewhere.
 *
 * @internal
 */
export type KeyOfNeeds<S> = S extends AnyStep ? keyof RequiresOf<S> & string : string;

/**
 * The items of a collection, or the values of a Map; `any` for `any`.
 *
 * @internal
 */
export type ItemOf<L> = 0 extends 1 & L ? L
  : L extends ReadonlyMap<unknown, infer V> ? V
  : L extends Collection<infer I> ? I
  : never;

/**
 * The entry of one item in the output.
 *
 * @internal
 */
export type Collected<T, I, OnFailure> = OnFailure extends "collect" ? T | ItemFailure<I> : T;

/**
 * The step that `map` makes from items of type `I`.
 *
 * @internal
 */
export type Mapped<K extends string, I, C, S, As, O, F> = {
  step: Step<
    `map(${K})`,
    MapNeeds<I, C, S, As>,
    { [k in K]: Collected<Each<O, S>, I, F>[] }
  >;
}["step"];

/**
 * The step that `filter` makes.
 *
 * @internal
 */
export type Filtered<K extends string, C, J> = {
  step: Step<
    `filter(${K})`,
    Plus<{}, C>,
    { [k in K]: J[] }
  >;
}["step"];

/**
 * The step that `flatMap` makes from items of type `I`.
 *
 * @internal
 */
export type FlatMapped<K extends string, I, C, R, F> = {
  step: Step<
    `flatMap(${K})`,
    Plus<{}, C>,
    { [k in K]: Collected<R extends Iterable<infer O> ? O : never, I, F>[] }
  >;
}["step"];

/**
 * The step that `distribute` makes with the mapping `M`.
 *
 * @internal
 */
export type Distributed<K extends string, S extends AnyStep, M, F> = {
  step: Step<
    `distribute(${K})`,
    Spread<RequiresOf<S>, M>,
    {
      [k in K]: Collected<
        WithoutHeld<ProvidesOf<S>>,
        { [L in keyof M as M[L] & string]: unknown },
        F
      >[];
    }
  >;
}["step"];
