// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Predicate } from "../api/collection.ts";
import type { AnyStep, Step } from "../api/step.ts";
import type { ReadBy, ShownBy, When } from "./branches.ts";
import type { Folded, FoldOne, Mistake, Rules } from "./fold.ts";
import type { AsFits, ItemFits, ListsFit } from "./items.ts";
import type { NoBranch, NoStep } from "./messages.ts";
import type { NameOf } from "./of.ts";
import type { StepIn } from "./step_in.ts";

/**
 * A fold with one more step.
 *
 * @internal
 */
export type Then<F extends Folded, S, G extends Rules> = FoldOne<
  S,
  G,
  F["taken"],
  F["ctx"],
  F["provided"]
>;

/**
 * The context as a callback sees it. A conditional type, so that the compiler shows its keys
 * instead of an alias.
 *
 * @internal
 */
export type Sight<F extends Folded> = F["ctx"] extends infer C ? { readonly [K in keyof C]: C[K] }
  : never;

/**
 * `Given` unchanged, or the sentence that says why its step `S` does not fit.
 *
 * @internal
 */
export type Fits<Given, S, F extends Folded, G extends Rules> = SentenceOr<
  Then<F, S, G>["mistakes"],
  Given
>;

type SentenceOr<M, Given> = [M] extends [never] ? Given
  : M extends Mistake<unknown, infer Sentence> ? Sentence
  : never;

/**
 * The steps unchanged, or sentences in place of those that do not fit.
 *
 * @internal
 */
export type AllFit<S extends readonly unknown[], F extends Folded, G extends Rules> = {
  [I in keyof S]: Fits<S[I], S[I], F, G>;
};

/**
 * A predicate inferred as `P`, or the sentence that says which part of the context it reads is
 * missing.
 *
 * @internal
 */
export type PredicateFits<P, C, S, F extends Folded, G extends Rules> = [P] extends [never]
  ? Predicate<C>
  : [P] extends [Predicate<never>] ? [Sight<F>] extends [ReadBy<P>] ? P
    : Fits<P, Step<`when(${NameOf<StepIn<S>>})`, ReadBy<P>, {}>, F, G>
  : Predicate<C>;

/**
 * The step of a `when`, or the sentence that says why it does not fit once its predicate `P` is
 * inferred.
 *
 * @internal
 */
export type WhenFits<S, P, F extends Folded, G extends Rules> = [S] extends [AnyStep]
  ? [P] extends [never] ? S : Fits<S, When<S, unknown, ShownBy<P>>, F, G>
  : NoStep<S>;

/**
 * The constraint of a `choice` branch before inference: a predicate and a step, or a bare step as
 * the default.
 *
 * @internal
 */
export type ChoiceBranch<F extends Folded> =
  | readonly [predicate: Predicate<Sight<F>>, step: unknown]
  | object;

type Beginning<B> = B extends readonly [...infer Init, unknown] ? Init : [];

/**
 * The branches unchanged, or sentences in place of those that do not fit.
 *
 * @internal
 */
export type BranchesFit<
  B extends readonly unknown[],
  S extends readonly unknown[],
  F extends Folded,
  G extends Rules,
> = {
  [I in keyof B]: B[I] extends readonly [infer P, infer T]
    ? T extends AnyStep ? BranchFits<B, S, I, F, G> : readonly [P, NoStep<T>]
    : B[I] extends AnyStep ? I extends keyof Beginning<B> ? "only the last branch may be a default"
      : BranchFits<B, S, I, F, G>
    : object extends B[I] ? B[I]
    : NoBranch<B[I]>;
};

// The steps are unknown until the branches are inferred.
type BranchFits<B, S, I extends keyof B, F extends Folded, G extends Rules> = I extends keyof S
  ? [S[I]] extends [never] ? B[I] : Fits<B[I], S[I], F, G>
  : B[I];

/**
 * The step `S` of a `map`, or the sentence that says why it does not fit the items or why `Made`,
 * the `map` itself, does not fit the context.
 *
 * @internal
 */
export type EachFits<S, Made, L, As, F extends Folded, G extends Rules> = unknown extends L ? S
  : [AsFits<S, As, L>] extends [As]
    ? ItemFits<S, L, As> extends infer Sentence extends string ? Sentence
    : Fits<S, Made, F, G>
  // The mistake is reported at `as`.
  : S;

/**
 * The step of a `distribute` that makes `Made`, or the sentence that says why it does not fit.
 *
 * @internal
 */
export type DistributeFits<S, M, Made, F extends Folded, G extends Rules> = [S] extends [AnyStep]
  ? ListsFit<Fits<S, Made, F, G>, S, M>
  : NoStep<S>;
