// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Middleware } from "../api/middleware.ts";
import type { RetryPolicy } from "../api/policy.ts";
import type { Schema, SchemaIn, SchemaOut } from "../api/schema.ts";
import type { AnyStep, CheckedPipeline, Pipeline } from "../api/step.ts";
import type { Adding, Fold, Folded, Rules } from "./fold.ts";
import type { AddedBy, MiddlewareFits, WithoutAdded } from "./middleware.ts";
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

/** The keys that the steps create. */
type AllCreated<S> = S extends readonly unknown[]
  ? { [I in keyof S]: S[I] extends AnyStep ? CreatedBy<S[I]> : never }[number]
  : never;

/**
 * Whether the args are inferred from the steps.
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
 * The fold over the steps; unchecked if the steps are known only at run time.
 *
 * @internal
 */
export type StepsFold<S, Args, AS, Strict, M = readonly Middleware[]> = S extends readonly unknown[]
  ? IsFixed<S["length"]> extends false ? Unchecked
  : [keyof AddedBy<M>] extends [never] ? Fold<
      S,
      RulesOf<Args, AS, Strict, AllCreated<S>>,
      NothingTaken,
      Start<Args, AS>,
      IsOpen<Args, AS> extends true ? [] : [Start<Args, AS>]
    >
  : FoldAdding<S, RulesOf<Args, AS, Strict, AllCreated<S>>, Start<Args, AS>, AddedBy<M>>
  : never;

type FoldAdding<S extends readonly unknown[], G extends Rules, C, A> = WithoutAdded<
  Fold<S, G & Adding<A>, { args: {}; keys: keyof A }, A & C, [A, C]>,
  keyof A
>;

/**
 * The args before the first step, if they are inferred.
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
 * The rules by which steps are checked; `Created` are the keys that some of them create.
 *
 * @internal
 */
export interface RulesOf<Args, AS, Strict, Created> {
  /** Whether the args are inferred. */
  readonly open: IsOpen<Args, AS>;
  /** The keys whose absence is a mistake. */
  readonly reported: IsOpen<Args, AS> extends true ? Created & PropertyKey : PropertyKey;
  /** Whether each key may be provided only once. */
  readonly strict: Strict extends true ? true : false;
  /** Whether a schema checks the args when the pipeline runs. */
  readonly checked: AS extends Schema ? true : false;
}

/**
 * The declared args; none if they are inferred.
 *
 * @internal
 */
export type GivenArgs<Args, AS> = AS extends Schema ? SchemaIn<AS>
  : [Args] extends [Unset] ? {}
  : Args;

type VerdictAt<W, K> = W extends Folded ? K extends keyof W["verdicts"] ? W["verdicts"][K] : 0 : 0;

/**
 * Each step unchanged, or the sentence about its mistake.
 *
 * @internal
 */
export type StepsFit<S, W> = {
  [K in keyof S]: VerdictAt<W, K> extends infer M extends string ? M : S[K];
};

/**
 * The steps, inferred as `S` unless the type of the args is written out.
 *
 * @internal
 */
export type StepsOf<S, Args, AS, Strict, M = readonly Middleware[]> = [S] extends [never]
  ? [Args] extends [Unset] ? readonly unknown[]
  : "write argsSchema: typed<Args>() instead of pipeline<Args>, so that the steps can be inferred"
  : StepsFit<S, StepsFold<S, Args, AS, Strict, M>>;

/**
 * The `output` schema, or the sentence that says why the context does not satisfy it.
 *
 * @internal
 */
export type OutputFits<OS, C> = OS extends Schema
  ? [C] extends [SchemaIn<OS>] ? ObjectSchema<OS> : OutputIssue<SchemaIn<OS>, C>
  : ObjectSchema<OS>;

/**
 * The args of `run()`.
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
 * The data of a run: the value of the `output` schema, or the context.
 *
 * @internal
 */
export type DataOf<OS, W> = OS extends Schema ? SchemaOut<OS> : CtxOf<W>;

/**
 * The keys that a pipeline adds to the context of an outer one.
 *
 * @internal
 */
export type AddsOf<OS, W> = OS extends Schema ? SchemaOut<OS>
  : W extends Folded ? Flat<Pick<W["ctx"], W["provided"] & keyof W["ctx"]>>
  : never;

/**
 * A pipeline, which takes input of any type if a schema checks its args.
 *
 * @internal
 */
export type Built<Name extends string, Args, Data, Adds, IsChecked> = IsChecked extends true
  ? CheckedPipeline<Name, Args, Data, Adds>
  : Pipeline<Name, Args, Data, Adds>;

/** The options that pipelines and builders share. */
export interface PipelineOptions<N, AS, Strict, M = readonly Middleware[]> {
  /** The pipeline's name in reports, errors and idempotency keys. */
  readonly name: N;
  /** The schema of the args, an object. The steps see the value that it returns. */
  readonly argsSchema?: ObjectSchema<AS>;
  /** Middleware around every direct child; the first one is the outermost. */
  readonly middleware?: M | undefined;
  /**
   * Also checks, when the pipeline is built, that no two steps provide the same key and that each
   * step's needs are met.
   *
   * @default {false}
   */
  readonly strict?: Strict | undefined;
  /**
   * When to run the pipeline again after a failure. What the failed attempt did is undone first, and
   * the next one has keys of its own. Validation failures are never retried.
   */
  readonly retry?: RetryPolicy | undefined;
  /**
   * The time limit of all steps together, in milliseconds, and of each attempt if there is a `retry`;
   * rollback does not count.
   */
  readonly timeout?: number | undefined;
  /**
   * `"deep"` copies and deeply freezes plain data in the context (objects, arrays, Map, Set, Date),
   * and copies typed arrays and ArrayBuffers, which cannot be frozen. Without it, a context is
   * frozen only at its top level. Class instances pass through unchanged.
   */
  readonly immutable?: "deep" | undefined;
}

/** The definition of a pipeline; without `steps`, it starts a builder. */
export interface PipelineDefinition<N, S, AS, OS, Strict, Args, M = readonly Middleware[]>
  extends PipelineOptions<N, AS, Strict, MiddlewareFits<M, Start<Args, AS>>> {
  /**
   * The steps, in order. If the context does not meet a step's needs, the type in its place is a
   * sentence that says so.
   */
  readonly steps?: StepsOf<S, Args, AS, Strict, M>;
  /** The schema of the data, an object. `data` is the value that it returns for the context. */
  readonly output?: [S] extends [never] ? ObjectSchema<OS>
    : OutputFits<OS, CtxOf<StepsFold<S, Args, AS, Strict, M>>>;
}
