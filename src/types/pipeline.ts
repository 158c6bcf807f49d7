// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Middleware } from "../api/middleware.ts";
import type { Schema, SchemaIn, SchemaOut } from "../api/schema.ts";
import type { AnyStep, CheckedPipeline, Pipeline } from "../api/step.ts";
import type { Fold, Folded } from "./fold.ts";
import type { OutputIssue } from "./messages.ts";
import type { Declared, Flat, IsUnion } from "./objects.ts";
import type { CreatedBy } from "./of.ts";
import type { ObjectSchema, Unset } from "./step.ts";

type IsFixed<N> = number extends N ? false
  : IsUnion<N> extends true ? false
  : true;

interface Unchecked {
  readonly verdicts: unknown;
  readonly taken: { readonly args: Record<string, unknown>; readonly keys: string };
  readonly ctx: Record<string, unknown>;
  readonly layers: [];
  readonly provided: string;
}

/** The keys that steps create out of nothing. */
type AllCreated<S> = S extends readonly unknown[]
  ? { [I in keyof S]: S[I] extends AnyStep ? CreatedBy<S[I]> : never }[number]
  : never;

/**
 * Whether the args are to be inferred from the steps.
 *
 * @internal
 */
export type IsOpen<Args, AS> = AS extends Schema ? false
  : [Args] extends [Unset] ? true
  : false;

/**
 * The context before the first step.
 *
 * @internal
 */
export type Start<Args, AS> = AS extends Schema ? Declared<SchemaOut<AS>>
  : [Args] extends [Unset] ? {}
  : Declared<Args>;

/**
 * The fold of the steps; those that are known only at run time leave it unchecked.
 *
 * @internal
 */
export type StepsFold<S, Args, AS, Strict> = S extends readonly unknown[]
  ? IsFixed<S["length"]> extends false ? Unchecked
  : Fold<
    S,
    RulesOf<Args, AS, Strict, AllCreated<S>>,
    NothingTaken,
    Start<Args, AS>,
    IsOpen<Args, AS> extends true ? [] : [Start<Args, AS>]
  >
  : never;

/**
 * No args, yet.
 *
 * @internal
 */
export interface NothingTaken {
  /** No args. */
  readonly args: {};
  /** No keys. */
  readonly keys: never;
}

/**
 * What the steps are checked by; `Created` are the keys that some of them create.
 *
 * @internal
 */
export interface RulesOf<Args, AS, Strict, Created> {
  /** Whether the args are inferred. */
  readonly open: IsOpen<Args, AS>;
  /** The keys whose absence is a mistake. */
  readonly told: IsOpen<Args, AS> extends true ? Created & PropertyKey : PropertyKey;
  /** Whether a key may be provided once only. */
  readonly strict: Strict extends true ? true : false;
  /** Whether a schema checks the args when the pipeline runs. */
  readonly checked: AS extends Schema ? true : false;
}

/**
 * The fold before the first step.
 *
 * @internal
 */
export interface Begin<Args, AS> {
  /** Nothing to say yet. */
  readonly verdicts: [];
  /** No args yet. */
  readonly taken: NothingTaken;
  /** The args are the first context. */
  readonly ctx: Start<Args, AS>;
  /** The args are the first layer. */
  readonly layers: IsOpen<Args, AS> extends true ? [] : [Start<Args, AS>];
  /** Nothing yet. */
  readonly provided: never;
}

/**
 * The args that are given; `undefined` where they are inferred.
 *
 * @internal
 */
export type GivenArgs<Args, AS> = AS extends Schema ? SchemaIn<AS>
  : [Args] extends [Unset] ? undefined
  : Args;

type VerdictAt<W, K> = W extends Folded ? K extends keyof W["verdicts"] ? W["verdicts"][K] : 0 : 0;

/**
 * Each step as it is, or the sentence that says what is wrong with it.
 *
 * @internal
 */
export type StepsFit<S, W> = {
  [K in keyof S]: VerdictAt<W, K> extends infer M extends string ? M : S[K];
};

/**
 * The steps of which it is inferred that they are `S`. They are not inferred where the type of the args is written.
 *
 * @internal
 */
export type StepsOf<S, Args, AS, Strict> = [S] extends [never]
  ? [Args] extends [Unset] ? readonly unknown[]
  : "write argsSchema: typed<Args>() instead of pipeline<Args>, so that the steps can be inferred"
  : StepsFit<S, StepsFold<S, Args, AS, Strict>>;

/**
 * A schema that the context satisfies, or the sentence that says why it does not.
 *
 * @internal
 */
export type OutputFits<OS, C> = OS extends Schema
  ? [C] extends [SchemaIn<OS>] ? ObjectSchema<OS> : OutputIssue<SchemaIn<OS>, C>
  : ObjectSchema<OS>;

/**
 * What `run` takes.
 *
 * @internal
 */
export type ArgsOf<Args, AS, W> = AS extends Schema ? SchemaIn<AS>
  : [Args] extends [Unset] ? W extends Folded ? Flat<W["taken"]["args"]> : never
  : Args;

/**
 * The context after the last step.
 *
 * @internal
 */
export type CtxOf<W> = W extends Folded ? Flat<W["ctx"]> : never;

/**
 * What `run` gives: what the `output` schema makes of the context, or the context.
 *
 * @internal
 */
export type DataOf<OS, W> = OS extends Schema ? SchemaOut<OS> : CtxOf<W>;

/**
 * The keys that a pipeline adds to the context of another.
 *
 * @internal
 */
export type AddsOf<OS, W> = OS extends Schema ? keyof SchemaOut<OS>
  : W extends Folded ? W["provided"] & keyof W["ctx"]
  : never;

/**
 * A pipeline, which takes input of any type if a schema checks its args.
 *
 * @internal
 */
export type Built<Name extends string, Args, Data, Adds extends PropertyKey, IsChecked> =
  IsChecked extends true ? CheckedPipeline<Name, Args, Data, Adds>
    : Pipeline<Name, Args, Data, Adds>;

/** What the definition of a pipeline and the options of a builder share. */
export interface PipelineOptions<N, AS, Strict> {
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
  readonly strict?: Strict | undefined;
  /** How long all the steps together may take, in milliseconds; rollback is not counted. */
  readonly timeout?: number | undefined;
  /**
   * `"deep"` copies and freezes plain data in the context all the way down (objects, arrays, Map, Set, Date), and
   * copies typed arrays and ArrayBuffers, which cannot be frozen; without it a context is frozen at its top level. Class
   * instances pass through untouched.
   */
  readonly immutable?: "deep" | undefined;
}

/** The definition of a pipeline; without `steps` it starts a builder. */
export interface PipelineDefinition<N, S, AS, OS, Strict, Args>
  extends PipelineOptions<N, AS, Strict> {
  /** The steps, in order. Where one does not find what it requires, its place holds a sentence that says so. */
  readonly steps?: StepsOf<S, Args, AS, Strict>;
  /** What the data must be: a schema of an object. `data` is what it makes of the context. */
  readonly output?: [S] extends [never] ? ObjectSchema<OS>
    : OutputFits<OS, CtxOf<StepsFold<S, Args, AS, Strict>>>;
}
