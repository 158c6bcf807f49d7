import type { NodeKind } from "../api/observer.ts";
import type { OnFailure, Patience, RetryPolicy } from "../api/policy.ts";
import type { Schema } from "../api/schema.ts";
import { type AnyStep, engine } from "../api/step.ts";
import type { Scope } from "../run/scope.ts";
import type { Ending } from "../run/settled.ts";
import type { Validate } from "../schema/validate.ts";
import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";

/** The unit that the engine runs; every step, combinator and pipeline has one. */
export interface Node {
  readonly name: string;
  /** Validates the context. */
  readonly requires?: Schema | undefined;
  /** Validates the output. */
  readonly provides?: Schema | undefined;
  /** The keys it needs and provides, as far as they are known when it is built. */
  readonly keys: NodeKeys;
  /** Its kind. The children of a pipeline that is run on its own are at the root of all paths. */
  readonly kind: NodeKind;
  /** The nodes it is made of; `undefined` for a step. */
  readonly parts?: Parts | undefined;
  /** The policies of a step. */
  readonly policy?: Policy | undefined;
  /** Checks the deps of a pipeline that runs on its own. */
  readonly deps?: Validate | undefined;
  /** The undos that a step made by `step` declares; `undefined` for any other node. */
  readonly undos?: readonly ("rollback" | "undoByKey")[] | undefined;
  /** The names of the undos that a step may defer by name. */
  readonly undoNames?: readonly string[] | undefined;
  /** The node whose inputs this one renames, and the function that renames those of a stand-in. */
  readonly renamed?: { readonly node: Node; readonly rename: (other: Node) => Node } | undefined;
  /** How a combinator or pipeline runs its children, for pictures. */
  readonly traits?: Traits | undefined;
  /**
   * Runs it. Only the host's own signal is thrown. When it ends, its completed effects are on the
   * journal.
   */
  readonly execute: (ctx: Context, scope: Scope) => Ending;
}

/** The children of a node, for tools that inspect or rebuild a tree. */
export interface Parts {
  readonly children: readonly Node[];
  /** Rebuilds the step with the same number of other children. */
  readonly rebuild: (steps: readonly AnyStep[]) => AnyStep;
}

/** The policies of a step for retries, timeouts and late attempts. */
export interface Policy extends Patience {
  /** When to retry it. */
  readonly retry?: RetryPolicy | undefined;
  /** The time limit of one attempt, in milliseconds. */
  readonly timeout?: number | undefined;
  /** Whether all attempts count as one effect. */
  readonly idempotent?: boolean | undefined;
  /** Whether it is the point of no return. */
  readonly pivot?: boolean | undefined;
}

/** The options of a combinator or pipeline that a picture shows. */
export interface Traits {
  /**
   * The name of each child's predicate, `""` if it has none; `undefined` for the default branch.
   */
  readonly conditions?: readonly (string | undefined)[];
  /** How many branches or items may be in flight at once. */
  readonly concurrency?: number | undefined;
  /** The policy for failures of branches or items. */
  readonly onFailure?: OnFailure | "collect" | undefined;
  /** The time limit of a pipeline, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** The keys of a node as declared; `undefined` means unknown. */
export interface NodeKeys {
  /** The keys that must be in the context. */
  readonly needs: readonly string[] | undefined;
  /** Each key that it may add, with the path of the step that adds it. */
  readonly adds: readonly (readonly [key: string, by: string])[] | undefined;
}

/** The node behind a step; `undefined` if the value is not a step. */
export function nodeOf(step: unknown): Node | undefined {
  return typeof step === "object" && step !== null && engine in step
    ? cast(step[engine])
    : undefined;
}
