import type { ItemInfo } from "../api/info.ts";
import type { Middleware } from "../api/middleware.ts";
import type { GroupOptions, ItemOptions, MapOptions } from "../api/policy.ts";
import type { Schema } from "../api/schema.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { ArgsAfter, ArgsFrom, Begun } from "./build_state.ts";
import type { Chosen, Guarded, ReadBy, ShownBy, When } from "./branches.ts";
import type { Together } from "./combinators.ts";
import type {
  AllFit,
  BranchesFit,
  ChoiceBranch,
  DistributeFits,
  EachFits,
  Fits,
  PredicateFits,
  Sight,
  Then,
  WhenFits,
} from "./fits.ts";
import type { Alternative, FallbackFits, Fallen, Forgiving } from "./fallback.ts";
import type { Adding, Folded, Rules } from "./fold.ts";
import type {
  AsFits,
  Distributed,
  Filtered,
  FlatMapped,
  GivesList,
  ItemOf,
  ItemsOf,
  KeyOfNeeds,
  Mapped,
  PerItem,
  Takes,
} from "./items.ts";
import type { AddedBy, MiddlewareFits, Own } from "./middleware.ts";
import type { Flat } from "./objects.ts";
import type { AddsOf, Built, DataOf, OutputFits, WithoutDeps } from "./pipeline.ts";
import type { StepIn } from "./step_in.ts";

/**
 * Builds a pipeline step by step. Each method returns a new builder and leaves the old one
 * unchanged, so a builder can be forked. Callbacks see the context that the preceding steps have
 * accumulated.
 *
 * @typeParam Name The pipeline's name.
 * @typeParam Args The args of `run()` so far.
 * @typeParam Ctx The context so far.
 * @typeParam Keys The keys that steps have provided.
 * @typeParam Checks Whether the args are inferred, given or checked, and whether the pipeline is
 * strict.
 * @typeParam OS The output schema.
 *
 * @example Two pipelines with the same beginning
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const trim = step({ name: "trim", run: (ctx: { text: string }) => ({ text: ctx.text.trim() }) });
 * const count = step({
 *   name: "count",
 *   run: (ctx: { text: string }) => ({ length: ctx.text.length }),
 * });
 *
 * const trimmed = pipeline({ name: "trimmed" }).step(trim);
 * const counted = trimmed.step(count).build();
 * const result = await counted.run({ text: " tea " });
 * assertEquals(result.success && result.data, { text: "tea", length: 3 });
 * ```
 *
 * @example Callbacks that see the preceding outputs
 * ```ts
 * import { pipeline, typed } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const p = pipeline({ name: "p", argsSchema: typed<{ prices: number[]; limit: number }>() })
 *   .filter("dear", (ctx) => ctx.prices, (price, ctx) => price > ctx.limit)
 *   .map("labels", (ctx) => ctx.dear, (price) => `${price} EUR`)
 *   .build();
 * const result = await p.run({ prices: [5, 50], limit: 10 });
 * assertEquals(result.success && result.data.labels, ["50 EUR"]);
 * ```
 */
export interface Builder<
  Name extends string,
  Args,
  Ctx,
  Keys extends PropertyKey,
  Checks extends Rules,
  OS = undefined,
> {
  /**
   * Adds a step at the end.
   *
   * @param step A step, a combinator or a pipeline.
   */
  step<S, X extends Folded = Begun<Args, Ctx, Keys, Checks>>(
    step: Fits<S, S, X, Checks>,
  ): BuilderAfter<Name, Then<X, S, Checks>, Args, Checks, OS>;
  /**
   * Adds a step that runs only if a predicate holds.
   *
   * @param predicate Called with the context; may be asynchronous.
   * @param step A step, a combinator or a pipeline.
   */
  when<S, X extends Folded = Begun<Args, Ctx, Keys, Checks>, C = Sight<X>, P = never>(
    predicate: PredicateFits<P, C, S, X, Checks>,
    step: WhenFits<S, P, X, Checks>,
  ): BuilderAfter<
    Name,
    Then<X, When<StepIn<S>, ReadBy<P>, ShownBy<P>, Sight<X>>, Checks>,
    Args,
    Checks,
    OS
  >;
  /**
   * Adds a step and its alternative, which runs if the step fails.
   *
   * @param step A step, a combinator or a pipeline.
   * @param alternative The same, or a function of the error and the context that returns the data.
   */
  fallback<
    S,
    X extends Folded = Begun<Args, Ctx, Keys, Checks>,
    A = never,
    O = never,
    C = Sight<X>,
  >(
    step: FallbackFits<S, S, Forgiving<X>, Checks>,
    alternative: Alternative<A, C, O, FallbackFits<A, A, X, Checks>>,
  ): BuilderAfter<Name, Then<X, Fallen<StepIn<S>, A, O, unknown>, Checks>, Args, Checks, OS>;
  /**
   * Adds branches; the first whose predicate holds runs.
   *
   * @param branches Pairs of a predicate and a step, at least one; the last may be a bare step.
   */
  choice<
    const B extends readonly ChoiceBranch<X>[],
    X extends Folded = Begun<Args, Ctx, Keys, Checks>,
  >(
    ...branches: BranchesFit<B, Guarded<B, Sight<X>>, X, Checks>
  ): BuilderAfter<
    Name,
    Then<X, Chosen<B, Guarded<B, Sight<X>>>, Checks>,
    Args,
    Checks,
    OS
  >;
  /**
   * Adds steps that run concurrently. For options, add `parallel.with(options)(…)` with `step`.
   *
   * @param steps Steps, combinators or pipelines; at least one.
   */
  parallel<
    const S extends readonly unknown[],
    X extends Folded = Begun<Args, Ctx, Keys, Checks>,
  >(
    ...steps: AllFit<S, X, Checks>
  ): BuilderAfter<Name, Then<X, Together<S>, Checks>, Args, Checks, OS>;
  /**
   * Adds a step that runs for every combination of items of lists in the context.
   *
   * @param key The key of the results.
   * @param mapping Maps the key of each list in the context to the key under which the step finds
   * its item.
   * @param step The step.
   * @param options `concurrency`, `onFailure`.
   */
  distribute<
    const K extends string,
    S,
    const M extends { readonly [list: string]: KeyOfNeeds<S> },
    const Mode extends ItemOptions["onFailure"] = undefined,
    X extends Folded = Begun<Args, Ctx, Keys, Checks>,
  >(
    key: K,
    mapping: M,
    step: DistributeFits<S, M, Distributed<K, StepIn<S>, M, Mode>, X, Checks>,
    options?: ItemOptions & { readonly onFailure?: Mode },
  ): BuilderAfter<Name, Then<X, Distributed<K, StepIn<S>, M, Mode>, Checks>, Args, Checks, OS>;
  /**
   * Adds a function or a step that runs for every item of a collection.
   *
   * @param key The key of the results.
   * @param items Returns the collection: an array, a Set, a Map's values, or any other iterable or
   * async iterable.
   * @param each The function or the step.
   * @param options `concurrency`, `onFailure`, `as`.
   */
  map<
    const K extends string,
    L,
    I = ItemOf<L>,
    O = unknown,
    S = never,
    const As extends string | undefined = undefined,
    const Mode extends ItemOptions["onFailure"] = undefined,
    X extends Folded = Begun<Args, Ctx, Keys, Checks>,
  >(
    key: K,
    items: ItemsOf<L, Sight<X>>,
    each: PerItem<
      EachFits<S, Mapped<K, ItemOf<L>, unknown, S, As, O, Mode>, L, As, X, Checks>,
      S,
      L,
      I,
      Sight<X>,
      O
    >,
    options?: MapOptions & { readonly as?: AsFits<S, As, L>; readonly onFailure?: Mode },
  ): BuilderAfter<
    Name,
    Then<X, Mapped<K, ItemOf<L>, unknown, S, As, O, Mode>, Checks>,
    Args,
    Checks,
    OS
  >;
  /**
   * Adds a filter of a collection.
   *
   * @param key The key of the kept items.
   * @param items Returns the collection.
   * @param keep Decides whether to keep an item; a type guard narrows the items' type.
   * @param options `concurrency`, `onFailure`.
   */
  filter<
    const K extends string,
    L,
    I = ItemOf<L>,
    J extends I = I,
    X extends Folded = Begun<Args, Ctx, Keys, Checks>,
  >(
    key: K,
    items: ItemsOf<L, Sight<X>>,
    keep: Takes<
      L,
      I,
      | ((item: I, ctx: Sight<X>, info: ItemInfo) => item is J)
      | ((item: I, ctx: Sight<X>, info: ItemInfo) => MaybePromise<boolean>)
    >,
    options?: GroupOptions,
  ): BuilderAfter<Name, Then<X, Filtered<K, unknown, J>, Checks>, Args, Checks, OS>;
  /**
   * Adds a function that returns a list for every item of a collection; the lists are joined.
   *
   * @param key The key of the results.
   * @param items Returns the collection.
   * @param each The function.
   * @param options `concurrency`, `onFailure`.
   */
  flatMap<
    const K extends string,
    L,
    I = ItemOf<L>,
    R = unknown,
    const Mode extends ItemOptions["onFailure"] = undefined,
    X extends Folded = Begun<Args, Ctx, Keys, Checks>,
  >(
    key: K,
    items: ItemsOf<L, Sight<X>>,
    each: Takes<L, I, GivesList<I, Sight<X>, R>>,
    options?: ItemOptions & { readonly onFailure?: Mode },
  ): BuilderAfter<
    Name,
    Then<X, FlatMapped<K, ItemOf<L>, unknown, R, Mode>, Checks>,
    Args,
    Checks,
    OS
  >;
  /**
   * Adds middleware around every step of the pipeline, including those added before; the first one
   * is the outermost.
   *
   * @param middleware The middleware to wrap the steps in.
   */
  use<const M extends readonly Middleware[]>(
    ...middleware: MiddlewareFits<M, Ctx>
  ): BuilderWithin<Name, Args, Ctx, Keys, Checks, OS, AddedBy<M>>;
  /**
   * A builder cannot run; call `build` and run the pipeline.
   *
   * @throws {ConfigError} Always.
   */
  run(this: "call .build() and run the pipeline that it makes", ...given: unknown[]): never;
  /**
   * Makes the pipeline.
   *
   * @throws {ConfigError} If the pipeline is invalid, as for `pipeline`.
   */
  build(
    this: Ready<this, OS, WithoutDeps<Own<Ctx, Checks>, Checks["deps"]>>,
  ): Finished<Name, Args, Begun<Args, Own<Ctx, Checks>, Keys, Checks>, Checks, OS>;
  /**
   * Makes the pipeline, with an output schema.
   *
   * @param options `output`: the schema of the data, an object.
   * @throws {ConfigError} If `output` has already been passed to `pipeline`.
   */
  build<Out extends Schema>(
    options: BuildOptions<Out, Flat<WithoutDeps<Own<Ctx, Checks>, Checks["deps"]>>>,
  ): Finished<Name, Args, Begun<Args, Own<Ctx, Checks>, Keys, Checks>, Checks, Out>;
}

/** The options of `build`. */
export interface BuildOptions<Out, C> {
  /** The schema of the data, an object. `data` is the value that it returns for the context. */
  readonly output: OutputFits<Out, C>;
}

// Indexed, so that the compiler shows the builder, and not this alias.

/**
 * The builder after one more step.
 *
 * @internal
 */
export type BuilderAfter<Name extends string, F extends Folded, Args, Checks extends Rules, OS> = {
  builder: Builder<Name, ArgsAfter<Args, F, Checks>, F["ctx"], F["provided"], Checks, OS>;
}["builder"];

/**
 * The builder after middleware that adds the keys of `A` to the context of each step.
 *
 * @internal
 */
export type BuilderWithin<
  Name extends string,
  Args,
  Ctx,
  Keys extends PropertyKey,
  Checks extends Rules,
  OS,
  A,
> = {
  builder: [keyof A] extends [never] ? Builder<Name, Args, Ctx, Keys, Checks, OS>
    : Builder<Name, Args, Ctx & A, Keys, Checks & Adding<A>, OS>;
}["builder"];

/**
 * The pipeline that a builder makes.
 *
 * @internal
 */
export type Finished<Name extends string, Args, F extends Folded, Checks extends Rules, OS> = Built<
  Name,
  ArgsFrom<Args, Checks>,
  DataOf<OS, F, Checks["deps"]>,
  AddsOf<OS, F, Checks["deps"]>,
  Checks["checked"],
  Checks["deps"]
>;

/**
 * The builder, or the sentence that says why the context does not match `output`.
 *
 * @internal
 */
export type Ready<B, OS, C> = OutputFits<OS, C> extends infer Sentence extends string ? Sentence
  : B;
