import type { AnyStep, engine } from "../api/step.ts";
import type { StepDefinition } from "./step.ts";

/**
 * The sentence for an argument of a combinator that is not a step. It is part of a constraint, in a
 * union with the steps, and not of a conditional type, so that generic functions may wrap steps of
 * any type.
 *
 * @internal
 */
export type NotAStep =
  "this is not a step: step({ … }) makes one of a definition, and .build() of a builder";

type KeysOfDefinition = keyof StepDefinition<unknown, unknown, string, undefined, undefined>;

/**
 * The shape by which a step is recognized. It includes the keys of a definition, so that the
 * compiler does not complain about one of them instead.
 *
 * @internal
 */
export interface StepShape
  extends Pick<AnyStep, typeof engine>, Partial<Record<KeysOfDefinition, unknown>> {
}

/**
 * `S` if it is a step.
 *
 * @internal
 */
export type StepIn<S> = S extends AnyStep ? S : never;
