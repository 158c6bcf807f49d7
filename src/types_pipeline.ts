import type { Schema, SchemaIn, SchemaOut } from "./standard_schema.ts";
import type { AnyStep, Middleware, ProvidesOf, RequiresOf } from "./types.ts";
import type { Flat, IsUnion, Over, Without } from "./types_objects.ts";
import type { ObjectSchema, Unset } from "./types_step.ts";

/**
 * What is known after some steps: the args so far, the context and its layers. The context is a flat intersection of
 * layers, never a merge of a merge: the compiler gives up on nested mapped types at about 45 steps.
 *
 * @internal
 */
export interface Folded {
  /** What the steps need that no step before them provides. */
  readonly args: unknown;
  /** The accumulated context. */
  readonly ctx: unknown;
  /** What the context is made of. */
  readonly layers: readonly unknown[];
}

type Overlaps<C, P> = keyof C & keyof P extends never ? false : true;
type Cleared<L, K> = {
  [I in keyof L]: keyof L[I] & K extends never ? L[I] : Without<L[I], K>;
};
type All<L, C = unknown> = L extends readonly [infer H, ...infer T] ? All<T, C & H>
  : C;
type Lay<C, L extends readonly unknown[], P> = Overlaps<C, P> extends true
  ? [...Cleared<L, keyof P>, Over<C, P>]
  : [...L, P];
type Put<C, L extends readonly unknown[], P> = Overlaps<C, P> extends true ? All<Lay<C, L, P>>
  : C & P;

/**
 * A fold with one more step. What the step needs and nothing provides becomes an arg, if the start is open.
 *
 * @internal
 */
export type Then<F, S extends AnyStep, Open> = F extends Folded ? Open extends true ? Put2<
      F["args"],
      F["ctx"],
      F["layers"],
      Without<RequiresOf<S>, keyof F["ctx"]>,
      ProvidesOf<S>
    >
  : {
    args: F["args"];
    ctx: Put<F["ctx"], F["layers"], ProvidesOf<S>>;
    layers: Lay<F["ctx"], F["layers"], ProvidesOf<S>>;
  }
  : never;
type Put2<A, C, L extends readonly unknown[], N, P> = keyof N extends never
  ? { args: A; ctx: Put<C, L, P>; layers: Lay<C, L, P> }
  : {
    args: A & N;
    ctx: Put<C & N, [...L, N], P>;
    layers: Lay<C & N, [...L, N], P>;
  };

// The step at hand is S[Done["length"]]: `[infer H, ...infer T]` would instantiate every later step at every step.
type Fold<
  S extends readonly unknown[],
  F,
  Open,
  Done extends readonly unknown[] = [],
> = Done["length"] extends S["length"] ? F
  : S[Done["length"]] extends infer H extends AnyStep
    ? Fold<S, Then<F, H, Open>, Open, [...Done, 0]>
  : Fold<S, F, Open, [...Done, 0]>;

type IsFixed<N> = number extends N ? false
  : IsUnion<N> extends true ? false
  : true;
type Unchecked = {
  args: Record<string, unknown>;
  ctx: Record<string, unknown>;
  layers: [];
};

/**
 * Whether the args are to be inferred from the steps.
 *
 * @internal
 */
export type IsOpen<Args, AS> = AS extends Schema ? false
  : [Args] extends [Unset] ? true
  : false;
/**
 * The fold before the first step.
 *
 * @internal
 */
export type Begin<Args, AS> = AS extends Schema
  ? { args: SchemaIn<AS>; ctx: SchemaOut<AS>; layers: [SchemaOut<AS>] }
  : [Args] extends [Unset] ? { args: Record<never, never>; ctx: Record<never, never>; layers: [] }
  : { args: Args; ctx: Args; layers: [Args] };
/**
 * The fold after the last step; steps that are known only at run time leave it unchecked.
 *
 * @internal
 */
export type Walk<S, Args, AS> = S extends readonly unknown[]
  ? IsFixed<S["length"]> extends true ? Fold<S, Begin<Args, AS>, IsOpen<Args, AS>>
  : IsOpen<Args, AS> extends true ? Unchecked
  : Omit<Begin<Args, AS>, "ctx"> & { ctx: Record<string, unknown> }
  : never;

/**
 * What `run` takes.
 *
 * @internal
 */
export type ArgsOf<F> = F extends Folded ? Flat<F["args"]> : never;
/**
 * What `run` gives: what the `output` schema makes of the context, or the context.
 *
 * @internal
 */
export type DataOf<F, OS> = OS extends Schema ? SchemaOut<OS>
  : F extends Folded ? Flat<F["ctx"]>
  : never;

/** What the definition of a pipeline and the options of a builder share. */
export interface PipelineOptions<N, AS> {
  /** Names the pipeline. */
  readonly name: N;
  /** What the args must be: a schema of an object. The steps see what it makes of them. */
  readonly argsSchema?: ObjectSchema<AS>;
  /** Wraps every direct child, the first outermost. */
  readonly middleware?: readonly Middleware[] | undefined;
  /**
   * Also checks, when the pipeline is built, that no two steps provide one key, and that each finds what it requires.
   *
   * @default {false}
   */
  readonly strict?: boolean | undefined;
  /** How long all the steps together may take, in milliseconds; rollback is not counted. */
  readonly timeout?: number | undefined;
  /**
   * `"deep"` copies and freezes plain data in the context all the way down (objects, arrays, Map, Set); without it a
   * context is frozen at its top level. Class instances pass through untouched.
   */
  readonly immutable?: "deep" | undefined;
}

/** The definition of a pipeline; without `steps` it starts a builder. */
export interface PipelineDefinition<N, AS, S, OS> extends PipelineOptions<N, AS> {
  /** The steps, in order. */
  readonly steps?: S;
  /** What the data must be: a schema of an object. `data` is what it makes of the context. */
  readonly output?: ObjectSchema<OS>;
}
