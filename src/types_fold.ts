import type { Issue, Overlap } from "./types_check.ts";
import type { Over, SureKeys, Without } from "./types_objects.ts";
import type { AnyStep, ProvidesOf, RequiresOf } from "./types.ts";

/**
 * What is known after some steps.
 *
 * @internal
 */
export interface Folded {
  /** For each step 0, or a sentence on what is wrong with it. */
  readonly verdicts: unknown;
  /** What the steps need that no step before them provides. */
  readonly args: unknown;
  /** The accumulated context. */
  readonly ctx: unknown;
  /** What the context is made of. */
  readonly layers: readonly unknown[];
  /** The keys that steps have provided. */
  readonly provided: PropertyKey;
}

// The context is a flat intersection C of layers L, never a merge of a merge: the compiler instantiates nested mapped
// types recursively and gives up ("excessively deep") at about 45 of them.
type Overlaps<C, P> = keyof C & keyof P extends never ? false : true;
type Cleared<L, K> = { [I in keyof L]: keyof L[I] & K extends never ? L[I] : Without<L[I], K> };
type All<L, C = unknown> = L extends readonly [infer H, ...infer T] ? All<T, C & H> : C;
type Lay<C, L extends readonly unknown[], P> = Overlaps<C, P> extends true
  ? [...Cleared<L, keyof P>, Over<C, P>]
  : [...L, P];
type Put<C, L extends readonly unknown[], P> = Overlaps<C, P> extends true ? All<Lay<C, L, P>>
  : C & P;

type Unmet<R, Provided> = { [K in keyof R as K extends Provided ? never : K]: R[K] };
type Met<R, Provided> = { [K in keyof R as K extends Provided ? K : never]: R[K] };
/** Keys of both with types that exclude each other. */
type Clash<A, N> = {
  [K in keyof A & keyof N]: [Required<A>[K] & Required<N>[K]] extends [never] ? K : never;
}[keyof A & keyof N];

/**
 * A fold of the steps `S`: args `A`, context `C` in layers `L`, `Provided` keys, verdicts `V`. `Open`: the args
 * are inferred, and what is missing becomes one, but for the keys `X`, which some step creates. When not open, `X` is
 * any key.
 *
 * The step at hand is `S[V["length"]]`: `[infer H, ...infer T]` would instantiate every later step at every step.
 *
 * @internal
 */
export type Fold<
  S extends readonly unknown[],
  Open,
  X,
  Strict,
  A,
  C,
  L extends readonly unknown[],
  Provided extends PropertyKey = never,
  V extends readonly unknown[] = [],
> = V["length"] extends S["length"]
  ? { verdicts: V; args: A; ctx: C; layers: L; provided: Provided }
  : FoldAt<S[V["length"]], S, Open, X, Strict, A, C, L, Provided, V>;

type FoldAt<
  H,
  S extends readonly unknown[],
  Open,
  X,
  Strict,
  A,
  C,
  L extends readonly unknown[],
  Provided extends PropertyKey,
  V extends readonly unknown[],
> = [H] extends [AnyStep]
  ? [C] extends [RequiresOf<H>]
    ? Add<ProvidesOf<H>, H, S, Open, X, Strict, A, C, L, Provided, V, Again<H, Provided, Strict>>
  : Trouble<H, S, Open, X, A, C, Provided> extends infer M
    ? [M] extends [never] ? Open extends false ? Add<
          ProvidesOf<H>,
          H,
          S,
          Open,
          X,
          Strict,
          A,
          C,
          L,
          Provided,
          V,
          Again<H, Provided, Strict>
        >
      : Take<Unmet<RequiresOf<H>, Provided>, H, S, Open, X, Strict, A, C, L, Provided, V>
      // As if it had found what it needs, so that a mistake is told once.
    : Add<
      Without<RequiresOf<H>, keyof ProvidesOf<H>> & ProvidesOf<H>,
      H,
      S,
      Open,
      X,
      Strict,
      A,
      C,
      L,
      Open extends false ? Provided : Provided | keyof RequiresOf<H>,
      V,
      M
    >
  : never
  : Fold<S, Open, X, Strict, A, C, L, Provided, [...V, "this is not a step"]>;

// A step that is only known to be a step has no needs that can be told.
type IsClosed<H extends AnyStep, Open> = Open extends false ? true
  : [RequiresOf<H>] extends [never] ? true
  : false;

/** `P` is written over the context. */
type Add<
  P,
  H extends AnyStep,
  S extends readonly unknown[],
  Open,
  X,
  Strict,
  A,
  C,
  L extends readonly unknown[],
  Provided extends PropertyKey,
  V extends readonly unknown[],
  Verdict,
> = Fold<
  S,
  Open,
  X,
  Strict,
  A,
  Put<C, L, P>,
  Lay<C, L, P>,
  Provided | keyof ProvidesOf<H>,
  [...V, Verdict]
>;

/** `N` become args, and are in the context from the start. */
type Take<
  N,
  H extends AnyStep,
  S extends readonly unknown[],
  Open,
  X,
  Strict,
  A,
  C,
  L extends readonly unknown[],
  Provided extends PropertyKey,
  V extends readonly unknown[],
> = Fold<
  S,
  Open,
  X,
  Strict,
  A & N,
  Put<C & N, [...L, N], ProvidesOf<H>>,
  Lay<C & N, [...L, N], ProvidesOf<H>>,
  Provided | keyof ProvidesOf<H>,
  [...V, Again<H, Provided, Strict>]
>;

/** What is wrong with a step, or never when its unmet keys can become args. */
type Trouble<H extends AnyStep, S, Open, X, A, C, Provided> = [RequiresOf<H>] extends [never]
  ? never
  : Open extends false ? Issue<H, C, S, X>
  : [C] extends [Met<RequiresOf<H>, Provided>]
    ? [Clash<A, Unmet<RequiresOf<H>, Provided>>] extends [never]
      ? [Exclude<SureKeys<Unmet<RequiresOf<H>, Provided>>, keyof A> & X] extends [never] ? never
      : Issue<H, C, S, X>
    : Issue<H, C, S, X>
  : Issue<H, C, S, X>;

type Again<H extends AnyStep, Provided, Strict> = Strict extends true
  ? [keyof ProvidesOf<H> & Provided] extends [never] ? 0
  : Overlap<H, keyof ProvidesOf<H> & Provided>
  : 0;
