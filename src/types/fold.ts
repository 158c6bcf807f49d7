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
}

/**
 * The state of a fold after some steps.
 *
 * @internal
 */
export interface Folded {
  /** For each step, 0 or a sentence about its mistake. */
  readonly verdicts: unknown;
  /** The needs of steps that no step before them provides. */
  readonly taken: Taken;
  /** The accumulated context. */
  readonly ctx: unknown;
  /** The layers of the context. */
  readonly layers: readonly unknown[];
  /** The keys that steps have provided, and the mark of a pivot if there was one. */
  readonly provided: PropertyKey;
}

// The context is a flat intersection C of layers L, never a merge of a merge: the compiler
// instantiates nested mapped types recursively and gives up ("excessively deep") at about 45 of
// them.
type Overlaps<C, P, K = keyof C & keyof P> = [K] extends [never] ? false
  : IsSameAt<C, P, K & keyof C & keyof P> extends true ? false
  : true;

// Overwriting a key with the same type leaves the intersection correct.
type IsSameAt<C, P, K extends keyof C & keyof P> = [Pick<C, K>] extends [Partial<Pick<P, K>>]
  ? [Pick<P, K>] extends [Partial<Pick<C, K>>] ? true : false
  : false;

type Cleared<L, K> = {
  [I in keyof L]: keyof L[I] & K extends never ? L[I] : Picked<L[I], Exclude<keyof L[I], K>>;
};

type All<L, C = unknown> = L extends readonly [infer H, ...infer T] ? All<T, C & H> : C;

type Unmet<R, Provided> = [keyof R & Provided] extends [never] ? R
  : { [K in keyof R as K extends Provided ? never : K]: R[K] };

type Met<R, Provided> = { [K in keyof R as K extends Provided ? K : never]: R[K] };

/** The common keys whose types exclude each other. */
type Clash<A, N> = {
  [K in keyof A & keyof N]: [Required<A>[K] & Required<N>[K]] extends [never] ? K : never;
}[keyof A & keyof N];

/**
 * Folds the steps `S` by the rules `G`: args taken `T`, context `C` in layers `L`, `Provided` keys,
 * verdicts `V`. It has few parameters because each is instantiated for every step.
 *
 * The current step is `S[V["length"]]`: `[infer H, ...infer T]` would instantiate every later step
 * at each step.
 *
 * @internal
 */
export type Fold<
  S extends readonly unknown[],
  G extends Rules,
  T extends Taken,
  C,
  L extends readonly unknown[],
  Provided extends PropertyKey = never,
  V extends readonly unknown[] = [],
> = V["length"] extends S["length"]
  ? { verdicts: V; taken: T; ctx: C; layers: L; provided: Provided }
  : FoldAt<S[V["length"]], S, G, T, C, L, Provided, V>;

type FoldAt<
  H,
  S extends readonly unknown[],
  G extends Rules,
  T extends Taken,
  C,
  L extends readonly unknown[],
  Provided extends PropertyKey,
  V extends readonly unknown[],
> = [H] extends [AnyStep] ? [C] extends [RequiresOf<H>] ? Extend<
      ProvidesOf<H>,
      S,
      G,
      T,
      C,
      L,
      Provided | keyof ProvidesOf<H> | PivotOf<H>,
      [...V, Verdict<H, G, T, Provided>]
    >
  : Unfit<H, S, G, T, C, L, Provided, V>
  : Fold<S, G, T, C, L, Provided, [...V, NoStep<H>]>;

/** Writes `P` over the context and continues. */
type Extend<
  P,
  S extends readonly unknown[],
  G extends Rules,
  T extends Taken,
  C,
  L extends readonly unknown[],
  Provided extends PropertyKey,
  V extends readonly unknown[],
> = Overlaps<C, P> extends true
  ? Overwrite<[...Cleared<L, keyof P>, Over<C, P>], S, G, T, Provided, V>
  : Fold<S, G, T, C & P, [...L, P], Provided, V>;

type Overwrite<
  L extends readonly unknown[],
  S extends readonly unknown[],
  G extends Rules,
  T extends Taken,
  Provided extends PropertyKey,
  V extends readonly unknown[],
> = Fold<S, G, T, All<L>, L, Provided, V>;

/** Handles a step whose needs the context does not satisfy as it is. */
type Unfit<
  H extends AnyStep,
  S extends readonly unknown[],
  G extends Rules,
  T extends Taken,
  C,
  L extends readonly unknown[],
  Provided extends PropertyKey,
  V extends readonly unknown[],
> = Trouble<H, S, G, T, C, Provided | AddedKeys<G>> extends infer M
  ? [M] extends [never] ? IsClosed<H, G> extends true ? Extend<
        ProvidesOf<H>,
        S,
        G,
        T,
        C,
        L,
        Provided | keyof ProvidesOf<H> | PivotOf<H>,
        [...V, Verdict<H, G, T, Provided>]
      >
    : Take<Unmet<RequiresOf<H>, Provided | AddedKeys<G>>, H, S, G, T, C, L, Provided, V>
    // Continue as if the needs were satisfied, so that a mistake is reported only once.
  : Extend<
    Without<RequiresOf<H>, keyof ProvidesOf<H>> & ProvidesOf<H>,
    S,
    G,
    T,
    C,
    L,
    Provided | keyof ProvidesOf<H> | PivotOf<H>,
    [...V, M]
  >
  : never;

// The needs of a step typed only as AnyStep are unknown.
type IsClosed<H extends AnyStep, G extends Rules> = G["open"] extends false ? true
  : [RequiresOf<H>] extends [never] ? true
  : false;

/** Turns `N` into args, which are in the context from the start. */
type Take<
  N,
  H extends AnyStep,
  S extends readonly unknown[],
  G extends Rules,
  T extends Taken,
  C,
  L extends readonly unknown[],
  Provided extends PropertyKey,
  V extends readonly unknown[],
> = Extend<
  ProvidesOf<H>,
  S,
  G,
  { args: T["args"] & N; keys: T["keys"] | SureKeys<N> },
  C & N,
  [...L, N],
  Provided | keyof ProvidesOf<H> | PivotOf<H>,
  [...V, Verdict<H, G, T, Provided>]
>;

/** The sentence about a step's mistake; never if its unmet keys can become args. */
type Trouble<H extends AnyStep, S, G extends Rules, T extends Taken, C, Provided> =
  [RequiresOf<H>] extends [never] ? never
    : G["open"] extends false ? Issue<H, C, S, G["reported"]>
    : [C] extends [Met<RequiresOf<H>, Provided>]
      ? [Clash<T["args"], Unmet<RequiresOf<H>, Provided>>] extends [never]
        ? [Exclude<SureKeys<Unmet<RequiresOf<H>, Provided>>, T["keys"]> & G["reported"]] extends
          [never] ? never
        : Issue<H, C, S, G["reported"]>
      : Issue<H, C, S, G["reported"]>
    : Issue<H, C, S, G["reported"]>;

type Verdict<H extends AnyStep, G extends Rules, T extends Taken, Provided> =
  typeof pivotMark extends Provided ? Forward<H, NewKeys<H, G, T, Provided>>
    : NewKeys<H, G, T, Provided>;

type NewKeys<H extends AnyStep, G extends Rules, T extends Taken, Provided> = G["strict"] extends
  true ? [keyof ProvidesOf<H> & (T["keys"] | Provided)] extends [never] ? 0
  : NotNew<H, T["keys"], Provided, AddedKeys<G>, keyof G["deps"]>
  : [keyof ProvidesOf<H> & T["keys"]] extends [never] ? 0
  : NotNew<H, T["keys"], never, AddedKeys<G>, keyof G["deps"]>;
