import type { AnyStep, Step } from "../api/step.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { Fits } from "./fits.ts";
import type { Folded, Rules } from "./fold.ts";
import type { IsFunction } from "./items.ts";
import type { NoEach, NoOutputIssue, NoStep } from "./messages.ts";
import type { Plus } from "./combinators.ts";
import type { Added, Collapse, Flat } from "./objects.ts";
import type { NameOf, ProvidesOf, RequiresOf } from "./of.ts";
import type { pivotMark } from "./pivot.ts";
import type { NoOutput } from "./step.ts";

/**
 * The alternative of a `fallback`: the step `A`, or a function that returns an `O`, or the sentence
 * that says why it is neither.
 *
 * @internal
 */
export type Alternative<A, C, O, Fit = A> = IsFunction<A> extends true
  ? [NoOutput<O>] extends [never] ? (error: Error, ctx: C) => MaybePromise<O>
  : NoOutputIssue<NoOutput<O>, "the alternative">
  : [A] extends [AnyStep] ? Fit
  : NoEach<A>;

/**
 * One of the two steps of a builder's `fallback`, or the sentence about why it does not fit.
 *
 * @internal
 */
export type FallbackFits<Given, S, F extends Folded, G extends Rules> = [S] extends [AnyStep]
  ? Fits<Given, S, F, G>
  : NoStep<S>;

/**
 * The fold `F` for a step that has an alternative, so that it needs no `retry` after a pivot.
 *
 * @internal
 */
export interface Forgiving<F extends Folded> extends Folded {
  /** As before. */
  readonly mistakes: F["mistakes"];
  /** As before. */
  readonly taken: F["taken"];
  /** As before. */
  readonly ctx: F["ctx"];
  /** The keys that steps have provided, without the mark of a pivot. */
  readonly provided: Exclude<F["provided"], typeof pivotMark>;
}

type ByFunction<S extends AnyStep, O, C> = Step<
  `fallback(${NameOf<S>})`,
  Plus<RequiresOf<S>, C>,
  Collapse<ProvidesOf<S> | ([O] extends [never] ? never : Added<O>)>
>;

/**
 * The step that `fallback` makes.
 *
 * @internal
 */
export type Fallen<S extends AnyStep, A, O, C> = {
  step: [A] extends [never] ? ByFunction<S, O, C>
    : A extends AnyStep ? Step<
        `fallback(${NameOf<S>}, ${NameOf<A>})`,
        Flat<RequiresOf<S> & RequiresOf<A>>,
        Collapse<ProvidesOf<S> | ProvidesOf<A>>
      >
    : ByFunction<S, O, C>;
}["step"];
