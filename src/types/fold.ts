// deno-lint-ignore-file ban-types -- `& {}` keeps the name of a type from being shown
import type { AnyStep } from "../api/step.ts";
import type { Forward, pivotMark, PivotOf } from "./pivot.ts";
import type { Issue, NoStep, NotNew } from "./messages.ts";
import type { Over, Picked, SureKeys, Without } from "./objects.ts";
import type { ProvidesOf, RequiresOf } from "./of.ts";

/**
 * The rules of a fold over steps.
 *
 * @internal
 */
export interface Rules {
  /** Whether the args are inferred, so that missing keys become args. */
  readonly open: boolean;
  /**
   * The keys whose absence is a mistake: those that some step creates, or all if the args are
   * given.
   */
  readonly reported: PropertyKey;
  /** Whether each key may be provided only once. */
  readonly strict: boolean;
  /** Whether a schema checks the args when the pipeline runs. */
  readonly checked: boolean;
  /** The deps, which no step may provide. */
  readonly deps: unknown;
}

/**
 * The rules of a fold over steps whose middleware adds the keys of `A`.
 *
 * @internal
 */
export interface Adding<A> {
  /** The keys and their types. */
  readonly added: A;
}

/**
 * The keys that middleware adds by the rules `G`.
 *
 * @internal
 */
export type AddedKeys<G extends Rules> = G extends Adding<infer A> ? keyof A : never;

/**
 * The args inferred so far.
 *
 * @internal
 */
export interface Taken {
  /** Their type. */
  readonly args: unknown;
  /** Their required keys. */
  readonly keys: PropertyKey;
  /** One element for each time that keys may be left out of the context lazily. */
  readonly room: readonly unknown[];
}

/**
 * The mistake of a step.
 *
 * @internal
 */
export interface Mistake<At, Sentence> {
  /** The index of the step. */
  readonly at: At;
  /** What is wrong. */
  readonly sentence: Sentence;
}

/**
 * The state of a fold after some steps.
 *
 * @internal
 */
export interface Folded {
  /** The mistakes of the steps. */
  readonly mistakes: unknown;
  /** The needs of steps that no step before them provides. */
  readonly taken: Taken;
  /** The accumulated context. */
  readonly ctx: unknown;
  /** The keys that steps have provided, and the mark of a pivot if there was one. */
  readonly provided: PropertyKey;
}

// The context is a flat intersection, never a merge of a merge: the compiler instantiates nested
// mapped types recursively and gives up ("excessively deep") at about 45 of them.
//
// A type that a condition checks is instantiated again at each mention in the true branch, with all
// members of an intersection. So conditions on H and C are types of their own.
type IsMet<C, R> = Doubtful<C, R> extends never ? true : [C] extends [R] ? true : false;

// A cheap check that suffices for most steps. The compiler instantiates a type before it compares
// it, so a comparison of C costs as much as C has members.
type Doubtful<C, R> = R extends unknown ? DoubtfulAt<keyof R, C, R> : never;

type DoubtfulAt<K, C, R> = K extends keyof C & keyof R
  ? undefined extends R[K] ? K : C[K] extends R[K] ? never : K
  : K;

type Overlaps<C, P, K = keyof C & keyof P> = [K] extends [never] ? false
  : IsSameAt<C, P, K & keyof C & keyof P> extends true ? false
  : true;

// Overwriting a key with the same type leaves the intersection correct.
type IsSameAt<C, P, K extends keyof C & keyof P> = [Pick<C, K>] extends [Partial<Pick<P, K>>]
  ? [Pick<P, K>] extends [Partial<Pick<C, K>>] ? true : false
  : false;

type Unmet<R, Provided> = R extends unknown
  ? keyof R & Provided extends never ? R : Only<R, Exclude<keyof R, Provided>>
  : never;

type Met<R, Provided> = R extends unknown ? Only<R, Extract<keyof R, Provided>> : never;

// Not `[K in keyof R as …]`: the compiler evaluates that again whenever it needs the keys.
type Only<R, K extends keyof R> = { [P in K]: R[P] } & {};

/** The common keys whose types exclude each other. */
type Clash<A, N> = {
  [K in keyof A & keyof N]: [Required<A>[K] & Required<N>[K]] extends [never] ? K : never;
}[keyof A & keyof N];

/**
 * Comes after the last step.
 *
 * @internal
 */
export interface End {
  /** Always absent. */
  readonly end: never;
}

/**
 * For each index of `S`, another one.
 *
 * @internal
 */
export type Indexes<S extends readonly unknown[]> = { readonly [I in keyof S]: keyof S };

type Keys<S> = { [I in keyof S]: I };

/** For each index of `S`, the next one. */
type IndexAfter<S> = Keys<S> extends readonly [infer I, ...infer J] ? readonly [...J, I] : never;

/**
 * Folds the steps `S` like `Fold`.
 *
 * @internal
 */
export type FoldAll<
  S extends readonly unknown[],
  G extends Rules,
  T extends Taken,
  C,
  Provided extends PropertyKey,
> = FoldFrom<readonly [...S, End], IndexAfter<readonly [...S, End]>, G, T, C, Provided>;

type FoldFrom<
  S extends readonly unknown[],
  J,
  G extends Rules,
  T extends Taken,
  C,
  Provided extends PropertyKey,
> = J extends Indexes<S> ? Fold<S, J, "0" & keyof S, G, T, C, Provided> : never;

/**
 * Folds the steps `S`, of which the last is the end, from the index `I` by the rules `G`: the next
 * index `J[I]`, args taken `T`, context `C`, `Provided` keys, mistakes `V`. It has few parameters
 * because each is instantiated for every step.
 *
 * The current step is `S[I]`: `[infer H, ...infer T]` would instantiate every later step at each
 * step. No tuple grows with the steps, because the compiler makes a type parameter for each element
 * of each length.
 *
 * @internal
 */
export type Fold<
  S extends readonly unknown[],
  J extends Indexes<S>,
  I extends keyof S,
  G extends Rules,
  T extends Taken,
  C,
  Provided extends PropertyKey = never,
  V = never,
> = S[I] extends AnyStep ? FoldAt<S[I], S, J, I, G, T, C, Provided, V>
  : S[I] extends End ? { mistakes: V; taken: T; ctx: C; provided: Provided }
  : Fold<S, J, J[I], G, T, C, Provided, V | Mistake<I, NoStep<S[I]>>>;

type FoldAt<
  H extends AnyStep,
  S extends readonly unknown[],
  J extends Indexes<S>,
  I extends keyof S,
  G extends Rules,
  T extends Taken,
  C,
  Provided extends PropertyKey,
  V,
> = IsMet<C, RequiresOf<H>> extends true ? Extend<ProvidesOf<H>, H, S, J, I, G, T, C, Provided, V>
  : Unfit<Trouble<H, S, G, T, C, Provided | AddedKeys<G>>, H, S, J, I, G, T, C, Provided, V>;

/** Adds what the step `H` provides, `P`, and continues. */
type Extend<
  P,
  H extends AnyStep,
  S extends readonly unknown[],
  J extends Indexes<S>,
  I extends keyof S,
  G extends Rules,
  T extends Taken,
  C,
  Provided extends PropertyKey,
  V,
> = keyof C & keyof P extends never
  ? Fold<S, J, J[I], G, T, C & P, Provided | keyof P | PivotOf<H>, V | Late<H, I, Provided>>
  : Write<
    P,
    S,
    J,
    I,
    G,
    T,
    C,
    Provided | keyof P | PivotOf<H>,
    V | MistakeOf<I, Verdict<H, G, T, Provided>>
  >;

/** Writes `P` over the context and continues. */
type Write<
  P,
  S extends readonly unknown[],
  J extends Indexes<S>,
  I extends keyof S,
  G extends Rules,
  T extends Taken,
  C,
  Provided extends PropertyKey,
  V,
> = Overlaps<C, P> extends true ? Fold<
    S,
    J,
    J[I],
    G,
    Took<T["args"], T["keys"], Less<T["room"]>>,
    Left<C, keyof P, T["room"]> & Over<C, P>,
    Provided,
    V
  >
  : Fold<S, J, J[I], G, T, C & P, Provided, V>;

/** `C` without the keys `K`: lazily if there is room, otherwise with values resolved at once. */
type Left<C, K, R> = R extends readonly [] ? Picked<C, Exclude<keyof C, K>>
  : Only<C, Exclude<keyof C, K>>;

// Its parts are arguments, which are resolved at once.
type Took<Args, Keys, Free> = { args: Args; keys: Keys; room: Free };

type Less<R> = R extends readonly [unknown, ...infer Q] ? Q : Room;

/**
 * How often keys are left out lazily before they are resolved.
 *
 * @internal
 */
export type Room = [0, 0, 0, 0, 0, 0, 0, 0];

/** Handles a step `H` whose needs the context does not satisfy as it is, with the mistake `M`. */
type Unfit<
  M,
  H extends AnyStep,
  S extends readonly unknown[],
  J extends Indexes<S>,
  I extends keyof S,
  G extends Rules,
  T extends Taken,
  C,
  Provided extends PropertyKey,
  V,
> = [M] extends [never]
  ? IsClosed<H, G> extends true ? Extend<ProvidesOf<H>, H, S, J, I, G, T, C, Provided, V>
  : Take<Unmet<RequiresOf<H>, Provided | AddedKeys<G>>, H, S, J, I, G, T, C, Provided, V>
  // Continue as if the needs were satisfied, so that a mistake is reported only once.
  : Write<
    Without<RequiresOf<H>, keyof ProvidesOf<H>> & ProvidesOf<H>,
    S,
    J,
    I,
    G,
    T,
    C,
    Provided | keyof ProvidesOf<H> | PivotOf<H>,
    V | Mistake<I, M>
  >;

// The needs of a step typed only as AnyStep are unknown.
type IsClosed<H extends AnyStep, G extends Rules> = G["open"] extends false ? true
  : [RequiresOf<H>] extends [never] ? true
  : false;

/** Turns `N` into args, which are in the context from the start. */
type Take<
  N,
  H extends AnyStep,
  S extends readonly unknown[],
  J extends Indexes<S>,
  I extends keyof S,
  G extends Rules,
  T extends Taken,
  C,
  Provided extends PropertyKey,
  V,
> = Extend<
  ProvidesOf<H>,
  H,
  S,
  J,
  I,
  G,
  Took<T["args"] & N, T["keys"] | SureKeys<N>, T["room"]>,
  C & N,
  Provided,
  V
>;

/** The sentence about a step's mistake; never if its unmet keys can become args. */
type Trouble<H extends AnyStep, S, G extends Rules, T extends Taken, C, Provided> =
  [RequiresOf<H>] extends [never] ? never
    : G["open"] extends false ? Issue<H, C, S, G["reported"]>
    : IsMet<C, Met<RequiresOf<H>, Provided>> extends true
      ? [Clash<T["args"], Unmet<RequiresOf<H>, Provided>>] extends [never]
        ? [Exclude<SureKeys<Unmet<RequiresOf<H>, Provided>>, T["keys"]> & G["reported"]] extends
          [never] ? never
        : Issue<H, C, S, G["reported"]>
      : Issue<H, C, S, G["reported"]>
    : Issue<H, C, S, G["reported"]>;

type MistakeOf<I, M> = M extends string ? Mistake<I, M> : never;

/** The mistake of a step that comes after a pivot. */
type Late<H extends AnyStep, I, Provided> = typeof pivotMark extends Provided
  ? MistakeOf<I, Forward<H, 0>>
  : never;

type Verdict<H extends AnyStep, G extends Rules, T extends Taken, Provided> =
  typeof pivotMark extends Provided ? Forward<H, NewKeys<H, G, T, Provided>>
    : NewKeys<H, G, T, Provided>;

type NewKeys<H extends AnyStep, G extends Rules, T extends Taken, Provided> = G["strict"] extends
  true ? NotNew<H, T["keys"], Provided, AddedKeys<G>, keyof G["deps"]>
  : NotNew<H, T["keys"], never, AddedKeys<G>, keyof G["deps"]>;

/**
 * Folds one step by the rules `G`, like `Fold`. Most steps need no more than is written here.
 *
 * @internal
 */
export type FoldOne<H, G extends Rules, T extends Taken, C, Provided extends PropertyKey> =
  [H] extends [AnyStep] ? FoldStep<H, G, T, C, Provided> : FoldList<H, G, T, C, Provided>;

type FoldStep<
  H extends AnyStep,
  G extends Rules,
  T extends Taken,
  C,
  Provided extends PropertyKey,
> = IsMet<C, RequiresOf<H>> extends true ? keyof C & keyof ProvidesOf<H> extends never ? {
      mistakes: Late<H, "0", Provided>;
      taken: T;
      ctx: C & ProvidesOf<H>;
      provided: Provided | keyof ProvidesOf<H> | PivotOf<H>;
    }
  : FoldList<H, G, T, C, Provided>
  : FoldList<H, G, T, C, Provided>;

type FoldList<H, G extends Rules, T extends Taken, C, Provided extends PropertyKey> = Fold<
  readonly [H, End],
  readonly ["1", "1"],
  "0",
  G,
  T,
  C,
  Provided
>;
