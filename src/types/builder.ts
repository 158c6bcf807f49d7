import type { ItemInfo } from "../api/info.ts";
import type { Middleware } from "../api/middleware.ts";
import type { GroupOptions, ItemOptions, MapOptions } from "../api/policy.ts";
import type { Schema } from "../api/schema.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
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
import type { Folded, Rules } from "./fold.ts";
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
import type { Flat } from "./objects.ts";
import type { AddsOf, Built, CtxOf, DataOf, OutputFits } from "./pipeline.ts";
import type { StepIn } from "./step_in.ts";

/**
 * Builds a pipeline step by step. Each method returns a new builder and leaves the old one
 * unchanged, so a builder can be forked. Callbacks see the context that the preceding steps have
 * accumulated.
 *
 * @typeParam Name The pipeline's name.
 * @typeParam F The args and the context so far.
 * @typeParam Args The args of `run()`; `undefined` if they are inferred from the steps.
 * @typeParam G The rules by which steps are checked.
 * @typeParam OS The output schema.
 *
 * @example Two pipelines with the same beginning
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const trim = step({ name: "trim", run: (ctx: { text: string }) => ({ text: ctx.text.trim() }) });
 * const count = step({ name: "count", run: (ctx: { text: string }) => ({ length: ctx.text.length }) });
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
  F extends Folded,
  Args,
  G extends Rules,
  OS = undefined,
> {
  /**
   * Adds a step at the end.
   *
   * @param step A step, a combinator or a pipeline.
   */
  step<S, X extends Folded = F>(
    step: Fits<S, S, X, G>,
  ): Builder<Name, Then<X, S, G>, Args, G, OS>;
  /**
   * Adds a step that runs only if a predicate holds.
   *
   * @param predicate Called with the context; may be asynchronous.
   * @param step A step, a combinator or a pipeline.
   */
  when<S, X extends Folded = F, C = Sight<X>, P = never>(
    predicate: PredicateFits<P, C, S, X, G>,
    step: WhenFits<S, P, X, G>,
  ): Builder<Name, Then<X, When<StepIn<S>, ReadBy<P>, ShownBy<P>, Sight<X>>, G>, Args, G, OS>;
  /**
   * Adds branches; the first whose predicate holds runs.
   *
   * @param branches Pairs of a predicate and a step, at least one; the last may be a bare step.
   */
  choice<const B extends readonly ChoiceBranch<X>[], X extends Folded = F>(
    ...branches: BranchesFit<B, Guarded<B, Sight<X>>, X, G>
  ): Builder<
    Name,
    Then<X, Chosen<B, Guarded<B, Sight<X>>>, G>,
    Args,
    G,
    OS
  >;
  /**
   * Adds steps that run concurrently. For options, add `parallel.with(options)(…)` with `step`.
   *
   * @param steps Steps, combinators or pipelines; at least one.
   */
  parallel<const S extends readonly unknown[], X extends Folded = F>(
    ...steps: AllFit<S, X, G>
  ): Builder<Name, Then<X, Together<S>, G>, Args, G, OS>;
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
    X extends Folded = F,
  >(
    key: K,
    mapping: M,
    step: DistributeFits<S, M, Distributed<K, StepIn<S>, M, Mode>, X, G>,
    options?: ItemOptions & { readonly onFailure?: Mode },
  ): Builder<Name, Then<X, Distributed<K, StepIn<S>, M, Mode>, G>, Args, G, OS>;
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
    X extends Folded = F,
  >(
    key: K,
    items: ItemsOf<L, Sight<X>>,
    each: PerItem<
      EachFits<S, Mapped<K, ItemOf<L>, unknown, S, As, O, Mode>, L, As, X, G>,
      S,
      L,
      I,
      Sight<X>,
      O
    >,
    options?: MapOptions & { readonly as?: AsFits<S, As>; readonly onFailure?: Mode },
  ): Builder<
    Name,
    Then<X, Mapped<K, ItemOf<L>, unknown, S, As, O, Mode>, G>,
    Args,
    G,
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
    X extends Folded = F,
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
  ): Builder<Name, Then<X, Filtered<K, unknown, J>, G>, Args, G, OS>;
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
    X extends Folded = F,
  >(
    key: K,
    items: ItemsOf<L, Sight<X>>,
    each: Takes<L, I, GivesList<I, Sight<X>, R>>,
    options?: ItemOptions & { readonly onFailure?: Mode },
  ): Builder<
    Name,
    Then<X, FlatMapped<K, ItemOf<L>, unknown, R, Mode>, G>,
    Args,
    G,
    OS
  >;
  /**
   * Adds middleware around every step of the pipeline, including those added before; the first one
   * is the outermost.
   *
   * @param middleware The middleware to wrap the steps in.
   */
  use(...middleware: readonly Middleware[]): Builder<Name, F, Args, G, OS>;
  /**
   * A builder cannot run; call `build` and run the pipeline.
   *
   * @throws {ConfigError} Always.
   */
  run(mistake: "call .build() and run the pipeline that it makes", ...more: never[]): never;
  /**
   * Makes the pipeline.
   *
   * @throws {ConfigError} If the pipeline is invalid, as for `pipeline`.
   */
  build(
    this: Ready<this, OS, F>,
  ): Built<Name, ArgsFrom<Args, F>, DataOf<OS, F>, AddsOf<OS, F>, G["checked"]>;
  /**
   * Makes the pipeline, with an output schema.
   *
   * @param options `output`: the schema of the data, an object.
   * @throws {ConfigError} If `output` has already been passed to `pipeline`.
   */
  build<Out extends Schema>(
    options: BuildOptions<Out, CtxOf<F>>,
  ): Built<Name, ArgsFrom<Args, F>, DataOf<Out, F>, AddsOf<Out, F>, G["checked"]>;
}

/** The options of `build`. */
export interface BuildOptions<Out, C> {
  /** The schema of the data, an object. `data` is the value that it returns for the context. */
  readonly output: OutputFits<Out, C>;
}

/**
 * The args of `run()`.
 *
 * @internal
 */
export type ArgsFrom<Args, F extends Folded> = [Args] extends [undefined] ? Flat<F["taken"]["args"]>
  : Args;

/**
 * The builder, or the sentence that says why the context does not match `output`.
 *
 * @internal
 */
export type Ready<B, OS, F extends Folded> = OutputFits<OS, F["ctx"]> extends
  infer Sentence extends string ? Sentence
  : B;
