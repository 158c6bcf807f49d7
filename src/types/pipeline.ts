// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Middleware } from "../api/middleware.ts";
import type { RetryPolicy } from "../api/policy.ts";
import type { Schema, SchemaIn, SchemaOut } from "../api/schema.ts";
import type {
  AnyStep,
  CheckedDepsPipeline,
  CheckedPipeline,
  DepsPipeline,
  Pipeline,
} from "../api/step.ts";
import type { Adding, FoldAll, Folded, Mistake, Room, Rules } from "./fold.ts";
import type { AddedBy, MiddlewareFits, WithoutAdded } from "./middleware.ts";
import type { HeldKeys } from "./held.ts";
import type { DepsIssue, OutputIssue } from "./messages.ts";
import type { Declared, Flat, IsUnion, Without } from "./objects.ts";
import type { CreatedBy } from "./of.ts";
import type { ObjectSchema, Unset } from "./step.ts";

type IsFixed<N> = number extends N ? false
  : IsUnion<N> extends true ? false
  : true;

interface Unchecked {
  readonly mistakes: never;
  readonly taken: {
    readonly args: Record<string, unknown>;
    readonly keys: string;
    readonly room: [];
  };
  readonly ctx: Record<string, unknown>;
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
 * The deps that a schema declares, as the steps see them.
 *
 * @internal
 */
export type DepsOf<DS> = DS extends Schema ? SchemaOut<DS> : {};

/**
 * The context before the first step.
 *
 * @internal
 */
export type Start<Args, AS, D> = [keyof D] extends [never] ? FromArgs<Args, AS>
  : FromArgs<Args, AS> & D;

type FromArgs<Args, AS> = AS extends Schema ? Declared<SchemaOut<AS>>
  : [Args] extends [Unset] ? {}
  : Declared<Args>;

/**
 * The fold over the steps; unchecked if the steps are known only at run time. If args are inferred,
 * it is folded again with the keys that steps create only if that can make a difference.
 *
 * @internal
 */
export type StepsFold<S, Args, AS, Strict, M, D> = S extends readonly unknown[]
  ? IsFixed<S["length"]> extends false ? Unchecked
  : IsOpen<Args, AS> extends false ? FoldBy<S, PropertyKey, Args, AS, Strict, M, D>
  : IsOrdered<S, FoldBy<S, never, Args, AS, Strict, M, D>> extends true
    ? FoldBy<S, never, Args, AS, Strict, M, D>
  : FoldBy<S, AllCreated<S>, Args, AS, Strict, M, D>
  : never;

/** Whether no step is wrong and none creates what a step before it takes from the args. */
type IsOrdered<S, W> = W extends {
  readonly mistakes: never;
  readonly taken: { readonly keys: infer A };
  readonly provided: infer P;
} ? A & P extends never ? true : A & AllCreated<S> extends never ? true : false
  : false;

type FoldBy<S extends readonly unknown[], Created, Args, AS, Strict, M, D> =
  [keyof AddedBy<M>] extends [never] ? FoldAll<
      S,
      RulesOf<Args, AS, Strict, Created, D>,
      [keyof D] extends [never] ? NothingTaken : { args: {}; keys: keyof D; room: Room },
      Start<Args, AS, D>,
      keyof D
    >
    : FoldAdding<
      S,
      RulesOf<Args, AS, Strict, Created, D>,
      Start<Args, AS, D>,
      AddedBy<M>,
      keyof D
    >;

type FoldAdding<
  S extends readonly unknown[],
  G extends Rules,
  C,
  A,
  Keys extends PropertyKey,
> = WithoutAdded<
  FoldAll<S, G & Adding<A>, { args: {}; keys: keyof A | Keys; room: Room }, A & C, Keys>,
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
  /** All room. */
  readonly room: Room;
}

/**
 * The rules by which steps are checked; `Created` are the keys that some of them create.
 *
 * @internal
 */
export interface RulesOf<Args, AS, Strict, Created, D> {
  /** Whether the args are inferred. */
  readonly open: IsOpen<Args, AS>;
  /** The keys whose absence is a mistake. */
  readonly reported: IsOpen<Args, AS> extends true ? Created & PropertyKey : PropertyKey;
  /** Whether each key may be provided only once. */
  readonly strict: Strict extends true ? true : false;
  /** Whether a schema checks the args when the pipeline runs. */
  readonly checked: AS extends Schema ? true : false;
  /** The deps. */
  readonly deps: D;
}

/**
 * The declared args; none if they are inferred.
 *
 * @internal
 */
export type GivenArgs<Args, AS> = AS extends Schema ? SchemaIn<AS>
  : [Args] extends [Unset] ? {}
  : Args;

type SentenceAt<M, K, Given> = [Extract<M, { readonly at: K }>] extends [never] ? Given
  : Extract<M, { readonly at: K }> extends Mistake<K, infer Sentence> ? Sentence
  : never;

/**
 * Each step unchanged, or the sentence about its mistake.
 *
 * @internal
 */
export type StepsFit<S, W> = [MistakesOf<W>] extends [never] ? S
  : { [K in keyof S]: SentenceAt<MistakesOf<W>, K, S[K]> };

type MistakesOf<W> = W extends { readonly mistakes: infer M } ? M : never;

/**
 * The steps, inferred as `S` unless the type of the args is written out.
 *
 * @internal
 */
export type StepsOf<S, Args, AS, Strict, M, D> = [S] extends [never]
  ? [Args] extends [Unset] ? readonly unknown[]
  : "write argsSchema: typed<Args>() instead of pipeline<Args>, so that the steps can be inferred"
  : StepsFit<S, StepsFold<S, Args, AS, Strict, M, D>>;

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
 * The schema of the deps, or the sentence that says that the args have one of them, too.
 *
 * @internal
 */
export type DepsFit<DS, AS> = DS extends Schema
  ? AS extends Schema
    ? [keyof SchemaOut<DS> & keyof Declared<SchemaOut<AS>>] extends [never] ? ObjectSchema<DS>
    : DepsIssue<keyof SchemaOut<DS> & keyof Declared<SchemaOut<AS>>>
  : ObjectSchema<DS>
  : ObjectSchema<DS>;

/**
 * The context after the last step, without the deps `D`.
 *
 * @internal
 */
export type CtxOf<W, D> = W extends Folded ? Flat<WithoutDeps<W["ctx"], D>> : never;

/**
 * The context `C` without the deps `D`.
 *
 * @internal
 */
export type WithoutDeps<C, D> = [keyof D | HeldKeys<C>] extends [never] ? C
  : Without<C, keyof D | HeldKeys<C>>;

/**
 * The data of a run: the value of the `output` schema, or the context.
 *
 * @internal
 */
export type DataOf<OS, W, D> = OS extends Schema ? SchemaOut<OS> : CtxOf<W, D>;

/**
 * The keys that a pipeline adds to the context of an outer one.
 *
 * @internal
 */
export type AddsOf<OS, W, D> = OS extends Schema ? SchemaOut<OS>
  : W extends Folded ? Flat<Pick<W["ctx"], Other<W["provided"], keyof D> & keyof W["ctx"]>>
  : never;

type Other<K, L> = [L] extends [never] ? K : Exclude<K, L>;

/**
 * A pipeline, which takes input of any type if a schema checks its args, and needs the deps `D`.
 *
 * @internal
 */
export type Built<Name extends string, Args, Data, Adds, IsChecked, D> = [keyof D] extends [never]
  ? IsChecked extends true ? CheckedPipeline<Name, Args, Data, Adds>
  : Pipeline<Name, Args, Data, Adds>
  : IsChecked extends true ? CheckedDepsPipeline<Name, Args, Data, Adds, D>
  : DepsPipeline<Name, Args, Data, Adds, D>;

/** The options that pipelines and builders share. */
export interface PipelineOptions<
  N,
  AS,
  Strict,
  M = readonly Middleware[],
  DS = undefined,
> {
  /** The pipeline's name in reports, errors and idempotency keys. */
  readonly name: N;
  /** The schema of the args, an object. The steps see the value that it returns. */
  readonly argsSchema?: ObjectSchema<AS>;
  /**
   * The clients and connections that steps find in the context beside the args: `deps<{ … }>()`,
   * or a schema that checks what `run` takes in its options. They are not in args, data or records.
   * In an outer pipeline, they come from its context, unchecked.
   */
  readonly deps?: DepsFit<DS, AS>;
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
   * When to run the pipeline again after a failure. The failed attempt is undone first, and the
   * next one has its own keys. Validation failures are never retried.
   */
  readonly retry?: RetryPolicy | undefined;
  /**
   * The time limit of all steps together, in milliseconds; with a `retry`, that of each attempt.
   * Rollback does not count.
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
export interface PipelineDefinition<
  N,
  S,
  AS,
  OS,
  Strict,
  Args,
  M = readonly Middleware[],
  DS = undefined,
> extends PipelineOptions<N, AS, Strict, MiddlewareFits<M, Start<Args, AS, DepsOf<DS>>>, DS> {
  /**
   * The steps, in order. If the context does not meet a step's needs, the type in its place is a
   * sentence that says so.
   */
  readonly steps?: StepsOf<S, Args, AS, Strict, M, DepsOf<DS>>;
  /** The schema of the data, an object. `data` is the value that it returns for the context. */
  readonly output?: [S] extends [never] ? ObjectSchema<OS>
    : OutputFits<OS, CtxOf<StepsFold<S, Args, AS, Strict, M, DepsOf<DS>>, DepsOf<DS>>>;
}
