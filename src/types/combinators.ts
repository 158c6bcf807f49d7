// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { AnyStep, Step } from "../api/step.ts";
import type { Flat, Over, Without } from "./objects.ts";
import type { NameOf, ProvidesOf, RequiresOf } from "./of.ts";

/**
 * The context as a callback sees it. The hint is there to be read, in messages on a key that it lacks.
 *
 * @internal
 */
export type ContextOf<T, Hint extends string> = { readonly [K in keyof T]: T[K] };

/**
 * The context as the first callback of a collection sees it until it annotates it.
 *
 * @internal
 */
export type NoContext = ContextOf<{}, "annotate ctx to read it, or use the builder">;

/**
 * The context as a predicate sees it that stands beside a step: what the step needs. Beside what is no step it is told
 * only that.
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
 * What is needed with what a callback's annotated context asks for.
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
 * What all the steps need.
 *
 * @internal
 */
export type AllNeeds<S extends readonly unknown[], R = {}> = S extends
  readonly [infer H extends AnyStep, ...infer T] ? AllNeeds<T, Flat<R & RequiresOf<H>>> : R;

/**
 * What all the steps add, the later over the earlier.
 *
 * @internal
 */
export type AllAdded<S extends readonly unknown[], P = {}> = S extends
  readonly [infer H extends AnyStep, ...infer T] ? AllAdded<T, Merge<P, ProvidesOf<H>>> : P;

type Merge<A, B> = Flat<Without<A, keyof B> & Over<A, B>>;

/**
 * Whether there is a step: TypeScript fills in the constraint, AnyStep, where there is none to infer from.
 *
 * @internal
 */
export type IsReal<S> = [S] extends [never] ? false
  : S extends AnyStep ? [RequiresOf<S>] extends [never] ? false : true
  : false;

// Indexed, so that the compiler shows the step that each of these comes to, and not its alias.

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
