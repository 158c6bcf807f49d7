import type { Patience, RetryPolicy } from "../api/policy.ts";
import type { Schema } from "../api/schema.ts";
import { type AnyStep, engine } from "../api/step.ts";
import type { Scope } from "../run/scope.ts";
import type { Ending } from "../run/settled.ts";
import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";

/** What the engine runs: behind every step, combinator and pipeline there is one. */
export interface Node {
  /** Its name. */
  readonly name: string;
  /** What it requires of the context. */
  readonly requires: Schema | undefined;
  /** What it adds to the context. */
  readonly provides: Schema | undefined;
  /** The keys it needs and those it provides with the name of who does, as far as they are known when it is built. */
  readonly keys: NodeKeys;
  /** Whether its children stand at the root of the run's paths when it is run by itself. */
  readonly isPipeline: boolean;
  /** What it is made of; a step is made of no others. */
  readonly parts?: Parts | undefined;
  /** All options of a step that are no schemas and no functions of its own. */
  readonly policy?: Policy | undefined;
  /** Whether it declares an undo of its own; `undefined` for what is no step. */
  readonly hasUndo?: boolean | undefined;
  /** Runs it; never throws, but for the host's own signal. Completed effects are in the journal by then. */
  readonly execute: (ctx: Context, scope: Scope) => Ending;
}

/** The children of a node, for tools that look into a tree or make another one of it. */
export interface Parts {
  /** The children, in order. */
  readonly children: readonly Node[];
  /** Makes the same step of other children, as many. */
  readonly rebuild: (steps: readonly AnyStep[]) => AnyStep;
}

/** How a step is tried again, timed and waited for. */
export interface Policy extends Patience {
  /** When to try it again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout?: number | undefined;
  /** Whether all attempts are one effect. */
  readonly idempotent?: boolean | undefined;
}

/** What is known of a node's keys before it runs; `undefined` is unknown. */
export interface NodeKeys {
  /** The keys that must be in the context. */
  readonly needs: readonly string[] | undefined;
  /** Each key that it may add, with the path of the step that does. */
  readonly adds: readonly (readonly [key: string, by: string])[] | undefined;
}

/** The node behind a step; `undefined` when the value is none. */
export function nodeOf(step: unknown): Node | undefined {
  return typeof step === "object" && step !== null && engine in step
    ? cast(step[engine])
    : undefined;
}
