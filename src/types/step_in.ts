import type { AnyStep, engine } from "../api/step.ts";
import type { StepDefinition } from "./step.ts";

/**
 * The sentence that a combinator says of what is no step. It stands in a constraint, in a union with the steps, and not
 * in a conditional type: so a function may wrap a step of whatever type it is given.
 *
 * @internal
 */
export type NotAStep =
  "this is not a step: step({ … }) makes one of a definition, and .build() of a builder";

type KeysOfDefinition = keyof StepDefinition<unknown, unknown, string, undefined, undefined>;

/**
 * What a step is told by. Keys of a definition are known to it, or the compiler would find fault with one of them.
 *
 * @internal
 */
export interface StepShape
  extends Pick<AnyStep, typeof engine>, Partial<Record<KeysOfDefinition, unknown>> {
}

/**
 * What is a step.
 *
 * @internal
 */
export type StepIn<S> = S extends AnyStep ? S : never;
