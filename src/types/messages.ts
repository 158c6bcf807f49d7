import type { RunMeta } from "../api/result.ts";
import type { AnyStep } from "../api/step.ts";
import type { SureKeys } from "./objects.ts";
import type { CreatedBy, NameOf, ProvidesOf, RequiresOf } from "./of.ts";
import type { Alike } from "./spelling.ts";
import type { Last, Show, ShowKeys } from "./text.ts";

// The sentences that the compiler shows for mistakes. They are evaluated only for mistakes, so
// correct code pays nothing.

/** Keys of `R` that the context lacks. */
type Absent<R, C> = Exclude<SureKeys<R>, keyof C> & string;

/** Keys of `R` that the context may lack. */
type Unsure<R, C> = Exclude<SureKeys<R> & keyof C, SureKeys<C>> & string;

/**
 * Keys of `R` whose type in the context does not fit.
 *
 * @internal
 */
export type Wrong<R, C> =
  & { [K in keyof R & keyof C]: Required<C>[K] extends R[K] ? never : K }[keyof R & keyof C]
  & string;

/** Keys of any member of `R`. */
type AnyKey<R> = R extends unknown ? keyof R & string : never;

type Label<N extends string> = string extends N ? "this step" : `step '${N}'`;

type Needs<N extends string, R, K extends string> = `${Label<N>} needs ${ShowKeys<R, K>}`;

/** The first of several steps that provides one of the keys without needing it. */
type Provider<S, K> = S extends readonly [infer H, ...infer T]
  ? H extends AnyStep ? [K & CreatedBy<H>] extends [never] ? Provider<T, K> : H
  : Provider<T, K>
  : never;

type Hint<H extends AnyStep, A extends string, C, S, P = Provider<S, A>> = [P] extends [never]
  ? [Alike<A, keyof C & string>] extends [never] ? [A & keyof ProvidesOf<H>] extends [never] ? ""
    : NameOf<H> extends `parallel(${string}`
      ? " (what runs in parallel does not see what the others provide)"
    : ""
  : ` (did you mean '${Last<Alike<A, keyof C & string>>}'?)`
  : P extends AnyStep
    ? [Exclude<A, keyof ProvidesOf<P>>] extends [never] ? ` ('${NameOf<P>}' comes later)`
    : ` ('${NameOf<P>}' comes later and has ${ShowKeys<ProvidesOf<P>, A & keyof ProvidesOf<P>>})`
  : "";

type Sometimes<S, K, P = Provider<S, K>> = [P] extends [never] ? ""
  : P extends AnyStep ? ` ('${NameOf<P>}' provides it only sometimes)`
  : "";

/**
 * A property that both sides share disables the check for weak types ("has no properties in
 * common").
 */
interface Anchor {
  readonly " anchor": 0;
}

/**
 * The sentence for step `H` of the steps `S` if the context `C` does not satisfy its needs; never
 * if it does. `Reported` are the keys whose absence is a mistake: if args are inferred, the others
 * become args.
 *
 * @internal
 */
export type Issue<H extends AnyStep, C, S, Reported> = Sentence<
  H,
  RequiresOf<H>,
  C,
  S,
  Absent<RequiresOf<H>, C> & Reported & string,
  Unsure<RequiresOf<H>, C>,
  Wrong<RequiresOf<H>, C>
>;

type Sentence<
  H extends AnyStep,
  R,
  C,
  S,
  A extends string,
  U extends string,
  W extends string,
> = [A] extends [never]
  ? [W] extends [never] ? [U] extends [never] ? [C & Anchor] extends [R & Anchor] ? never
      : `${Label<NameOf<H>>} needs ${Show<R>} but by then it is ${ShowKeys<C, AnyKey<R> & keyof C>}`
    : `${Needs<NameOf<H>, R, U>} which may be missing by then${Sometimes<S, U>}`
  : `${Needs<NameOf<H>, R, W>} but by then it is ${ShowKeys<C, W>}`
  : `${Needs<NameOf<H>, R, A>} which nothing before it provides${Hint<H, A, C, S>}`;

/**
 * The sentence for a value that is not a step.
 *
 * @internal
 */
export type NoStep<T> = T extends { readonly build: (...given: never) => unknown }
  ? "this is a builder: call .build()"
  : "this is not a step";

/**
 * The sentence for a value that is not a branch of a `choice`.
 *
 * @internal
 */
export type NoBranch<T> = T extends { readonly build: (...given: never) => unknown } ? NoStep<T>
  : "a branch is a pair of a predicate and a step, and the last may be a step";

/**
 * The sentence for an argument that is neither a function nor a step.
 *
 * @internal
 */
export type NoEach<T> = T extends { readonly build: (...given: never) => unknown } ? NoStep<T>
  : "this is neither a function nor a step";

/**
 * The sentence for a middleware that adds a key of the context.
 *
 * @internal
 */
export type AddedIssue<K extends string> =
  `this middleware adds '${K}', which is in the context already`;

/**
 * The sentence for a step that provides a key again in a strict pipeline, a key that a step before
 * it has taken from the args, one that middleware adds, or one of the deps; otherwise 0.
 *
 * @internal
 */
export type NotNew<H extends AnyStep, Taken, Provided, Added, Deps> =
  [keyof ProvidesOf<H> & Deps] extends [never]
    ? [keyof ProvidesOf<H> & Added] extends [never] ? NotNewOf<H, Taken, Provided>
    : `${Label<NameOf<H>>} provides '${
      & Last<keyof ProvidesOf<H> & Added>
      & string}', which a middleware adds for each step`
    : `${Label<NameOf<H>>} provides '${
      & Last<keyof ProvidesOf<H> & Deps>
      & string}', which is one of the deps`;

type NotNewOf<H extends AnyStep, Taken, Provided> = [keyof ProvidesOf<H> & Provided] extends [never]
  ? [CreatedBy<H> & Taken] extends [never] ? 0
  : `${Label<NameOf<H>>} provides ${ShowKeys<
    ProvidesOf<H>,
    CreatedBy<H> & Taken & string
  >} too late: a step before it takes it from the args`
  : `${Label<NameOf<H>>} provides '${
    & Last<keyof ProvidesOf<H> & Provided>
    & string}', which a step before it provides, too, and the pipeline is strict`;

/**
 * The sentence for deps with keys that the args have, too.
 *
 * @internal
 */
export type DepsIssue<K> = `'${Last<K> & string}' is one of the args, too`;

/**
 * The sentence for an `output` schema that needs `R`, which the context `C` does not satisfy.
 *
 * @internal
 */
export type OutputIssue<R, C> = [Absent<R, C>] extends [never]
  ? [Unsure<R, C>] extends [never]
    ? `output needs ${ShowKeys<R, Wrong<R, C>>} but it is ${ShowKeys<C, Wrong<R, C>>}`
  : `output needs ${ShowKeys<R, Unsure<R, C>>} which may be missing`
  : `output needs ${ShowKeys<R, Absent<R, C>>} which no step provides`;

/**
 * The sentence for a key `K` that a step is said to need.
 *
 * @internal
 */
export type UnneededIssue<S extends AnyStep, K extends string> = `${Label<
  NameOf<S>
>} does not need '${K}'${[Alike<K, keyof RequiresOf<S> & string>] extends [never] ? ""
  : ` (did you mean '${Last<Alike<K, keyof RequiresOf<S> & string>>}'?)`}`;

/**
 * The sentence for a step of a `map` whose key `As` is an item of another type.
 *
 * @internal
 */
export type AsIssue<S extends AnyStep, I, As extends keyof RequiresOf<S> & string> = `${Needs<
  NameOf<S>,
  RequiresOf<S>,
  As
>} but an item is ${Show<I>}`;

/**
 * The sentence for a step of a `map` whose items, `T` as one object, have keys of another type.
 *
 * @internal
 */
export type ItemIssue<S extends AnyStep, T> = `${Needs<
  NameOf<S>,
  RequiresOf<S>,
  Wrong<RequiresOf<S>, T>
>} but an item has ${ShowKeys<T, Wrong<RequiresOf<S>, T>>}`;

/**
 * The sentence for a step of a `map` whose items are not objects and so have no keys.
 *
 * @internal
 */
export type NoObjectIssue<S extends AnyStep, I> = `an item is ${Show<
  I
>}, not an object of keys: say by 'as' under which key ${Label<
  NameOf<S>
>} finds it`;

/**
 * The sentence for a step of a `distribute` that needs one of the lists itself.
 *
 * @internal
 */
export type ListIssue<S extends AnyStep, List extends string> = `${Needs<
  NameOf<S>,
  RequiresOf<S>,
  List
>} but distribute gives it the items of '${List}' one by one`;

/**
 * The sentence for `items` that does not return a collection.
 *
 * @internal
 */
export type CollectionIssue<L> = `items must be a collection, such as an array, but it is ${Show<
  L
>}`;

/**
 * The sentence for a function whose parameter does not fit the items.
 *
 * @internal
 */
export type TakesIssue<Item, I> = [Item] extends [object]
  ? [Wrong<I, Item>] extends [never] ? `this function takes ${Show<I>} but an item is ${Show<Item>}`
  : `this function takes ${ShowKeys<I, Wrong<I, Item>>} but an item has ${ShowKeys<
    Item,
    Wrong<I, Item>
  >}`
  : `this function takes ${Show<I>} but an item is ${Show<Item>}`;

/**
 * The sentence for a function of a `flatMap` that does not return a list.
 *
 * @internal
 */
export type ListOfIssue<R> = `this function must give a list but it gives ${Show<R>}`;

/**
 * The shape of a Response, a type that not every environment declares.
 *
 * @internal
 */
export interface Fetched {
  /** The stream. */
  readonly body: unknown;
  /** Clones the response. */
  clone(): Fetched;
  /** Parses the body. */
  json(): Promise<unknown>;
}

/**
 * The shape of the result of a run.
 *
 * @internal
 */
export interface Ran {
  /** Whether it succeeded. */
  readonly success: boolean;
  /** Facts about the run. */
  readonly meta: RunMeta;
}

/**
 * The sentence for a `run`, or for the function that `Who` names, that returns a value without
 * keys.
 *
 * @internal
 */
export type NoOutputIssue<P, Who extends string = "a step"> =
  `${Who} returns an object of keys or nothing, not ${[P] extends [Fetched] ? "Response"
    : [P] extends [Ran] ? "the result of a run (unwrap gives its data)"
    : [P] extends [Error] ? "an error (throw it)"
    : Show<P>}`;

/**
 * The sentence for a `run` that returns nothing, or `Else`, although `provides` requires `T`.
 *
 * @internal
 */
export type NothingIssue<T, Else> = `run must return ${Show<
  T
>}, as provides says, but it ${[Else] extends [never] ? "" : "sometimes "}returns nothing`;
