// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { BranchFailure } from "../api/collection.ts";
import type { OnFailure } from "../api/policy.ts";
import type { AnyStep, Step } from "../api/step.ts";
import type { Flat, Over, Without } from "./objects.ts";
import type { NameOf, ProvidesOf, RequiresOf } from "./of.ts";

/**
 * The context as a callback sees it. The compiler shows the hint in messages about missing keys.
 *
 * @internal
 */
export type ContextOf<T, Hint extends string> = { readonly [K in keyof T]: T[K] };

/**
 * The context as the first callback of a collection sees it without an annotation.
 *
 * @internal
 */
export type NoContext = ContextOf<{}, "annotate ctx to read it, or use the builder">;

/**
 * The context as the predicate of a step sees it: the step's needs. For a value that is not a step,
 * only that mistake is reported.
 *
 * @internal
 */
export type Ctx<S> = [S] extends [AnyStep] ? ContextOf<
    [RequiresOf<S>] extends [never] ? {} : RequiresOf<S>,
    "to read more, annotate ctx or use the builder"
  >
  // deno-lint-ignore no-explicit-any
  : any;

/**
 * The needs `R` plus the context that a callback's annotation asks for.
 *
 * @internal
 */
export type Plus<R, C> = 0 extends 1 & C ? R : unknown extends C ? R : Flat<R & C>;

/**
 * The names of steps, as one string.
 *
 * @internal
 */
export type Names<S extends readonly unknown[], Sep extends string = ""> = S extends
  readonly [infer H extends AnyStep, ...infer T] ? `${Sep}${NameOf<H>}${Names<T, ", ">}` : "";

/**
 * The needs of all steps.
 *
 * @internal
 */
export type AllNeeds<S extends readonly unknown[], R = {}> = S extends
  readonly [infer H extends AnyStep, ...infer T] ? AllNeeds<T, Flat<R & RequiresOf<H>>> : R;

/**
 * The keys that all steps add; later ones override earlier ones.
 *
 * @internal
 */
export type AllAdded<S extends readonly unknown[], P = {}> = S extends
  readonly [infer H extends AnyStep, ...infer T] ? AllAdded<T, Merge<P, ProvidesOf<H>>> : P;

/**
 * The keys of `A`, overwritten by those of `B`.
 *
 * @internal
 */
export type Merge<A, B> = Flat<Without<A, keyof B> & Over<A, B>>;

/**
 * Whether a step was inferred: without one, TypeScript falls back to the constraint, AnyStep.
 *
 * @internal
 */
export type IsReal<S> = [S] extends [never] ? false
  : S extends AnyStep ? [RequiresOf<S>] extends [never] ? false : true
  : false;

// Indexed types, so that the compiler shows the resulting step instead of an alias.

/**
 * The step that `parallel` makes.
 *
 * @internal
 */
export type Together<S extends readonly unknown[]> = {
  step: Step<
    `parallel(${Names<S>})`,
    AllNeeds<S>,
    AllAdded<S>
  >;
}["step"];

/**
 * The step that `parallel` makes with the failures under the key `K`; without a key, none are
 * collected.
 *
 * @internal
 */
export type Gathered<S extends readonly unknown[], K extends string> = [K] extends [never]
  ? Together<S>
  : Step<
    `parallel(${Names<S>})`,
    AllNeeds<S>,
    Flat<Partial<Without<AllAdded<S>, K>> & { [k in K]: BranchFailure[] }>
  >;

/** The options of `parallel.with`. */
export interface ParallelOptions<Mode, K> {
  /**
   * How many may run at the same time.
   *
   * @default {Infinity}
   */
  readonly concurrency?: number | undefined;
  /**
   * The policy for failures. With `"collect"`, the effects of a failed branch are undone, its
   * failure is added to the list under the key `failures`, and the pipeline continues without its
   * output.
   *
   * @default {"abort"}
   */
  readonly onFailure?: Mode extends "collect"
    ? [K] extends [never] ? "name the key of the failures in 'failures'" : Mode
    : Mode;
  /**
   * How many branches may be undone at the same time.
   *
   * @default {1}
   */
  readonly undoConcurrency?: number | undefined;
  /** The key of the failures, a list of {@linkcode BranchFailure}; only with `"collect"`. */
  readonly failures?: Mode extends "collect" ? K
    : "failures are collected if onFailure is 'collect'";
}

/**
 * The values of `onFailure` for `parallel`.
 *
 * @internal
 */
export type ParallelMode = OnFailure | "collect" | undefined;
