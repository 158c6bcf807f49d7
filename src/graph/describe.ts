import type { NodeKind } from "../api/observer.ts";
import type { OnFailure } from "../api/policy.ts";
import type { AnyStep } from "../api/step.ts";
import { checkStep } from "../engine/children.ts";
import type { Node } from "../engine/node.ts";
import { join, labelOf, labels } from "../run/paths.ts";
import { cast } from "../values/cast.ts";

/** A retry policy without its functions. */
export interface DescribedRetry {
  /** How many retries there may be; absent if there is no limit. */
  readonly count?: number;
  /** The base delay before a retry, in milliseconds; absent if a function computes it. */
  readonly delay?: number;
  /** How the delay grows. */
  readonly backoff?: "linear" | "exponential" | "fixed" | number;
  /** The random share of each delay, from 0 to 1. */
  readonly jitter?: number;
  /** The longest delay, in milliseconds. */
  readonly maxDelay?: number;
}

/** The policies and limits of a step, combinator or pipeline, as its definition sets them. */
export interface DescribedPolicy {
  /** When a step or a pipeline is retried. */
  readonly retry?: DescribedRetry;
  /** The time limit of one attempt of a step or pipeline, in milliseconds. */
  readonly timeout?: number;
  /** How long the run waits for an attempt after its timeout or an abort, in milliseconds. */
  readonly graceMs?: number;
  /** The delay in milliseconds after which an abandoned attempt is undone even if it is pending. */
  readonly lateMs?: number;
  /** Whether a retry may start before an abandoned attempt has settled. */
  readonly overlap?: "allow" | "never";
  /** Whether all attempts count as one effect. */
  readonly idempotent?: boolean;
  /** Whether a step is the point of no return. */
  readonly pivot?: boolean;
  /** How many branches or items may run at once. */
  readonly concurrency?: number;
  /** The policy for failures of branches or items. */
  readonly onFailure?: OnFailure | "collect";
}

/** A step and its parts as plain data, ready for `JSON.stringify`. */
export interface Described {
  /** The function that made it. */
  readonly kind: NodeKind;
  /** Its name. */
  readonly name: string;
  /**
   * Its path as in reports, without the indexes of items; `""` for the described pipeline itself.
   */
  readonly path: string;
  /** Its policies and limits; absent if its definition sets none. */
  readonly policy?: DescribedPolicy;
  /** Whether a step has a `rollback`. The undos that it defers are known only when it runs. */
  readonly rollback?: boolean;
  /** Whether a step has an `undoByKey`. */
  readonly undoByKey?: boolean;
  /** The keys that its schemas require of the context; absent if that is unknown. */
  readonly needs?: readonly string[];
  /** The keys that its schemas add to the context; absent if that is unknown. */
  readonly adds?: readonly string[];
  /**
   * The names of the predicates of a `when` or `choice`, in order; `""` for a nameless function.
   */
  readonly predicates?: readonly string[];
  /** Its parts; absent for steps, and for collections that call a function. */
  readonly children?: readonly Described[];
}

/**
 * Describes a pipeline, or any other step, as plain data: its parts with their policies, undos and
 * keys. Nothing is run.
 *
 * @param step A pipeline, step or combinator.
 * @returns A tree, ready for `JSON.stringify`.
 * @throws {ConfigError} If it is not a step.
 *
 * @example The retries of a pipeline
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { describe } from "@runsheet/runsheet/graph";
 * import { assertEquals } from "@std/assert";
 *
 * const charge = step({ name: "charge", retry: { count: 3 }, run: () => {}, rollback: () => {} });
 * const checkout = pipeline({ name: "checkout", steps: [charge] });
 *
 * assertEquals(describe(checkout).children?.[0], {
 *   kind: "step",
 *   name: "charge",
 *   path: "charge",
 *   policy: { retry: { count: 3 } },
 *   rollback: true,
 *   undoByKey: false,
 *   needs: [],
 * });
 * ```
 */
export function describe(step: AnyStep): Described {
  const root = checkStep("describe a step", "step", step);
  return describeNode(root, root.kind === "pipeline" ? "" : labelOf(root.name));
}

function describeNode(node: Node, path: string): Described {
  const { kind, name, keys: { needs, adds }, undos, traits, parts } = node;
  const policy = policyOf(node);
  const conditions = traits?.conditions;
  const names = labels(parts?.children.map((child) => child.name) ?? []);
  return {
    kind,
    name,
    path,
    ...(policy && { policy }),
    ...(undos && {
      rollback: undos.includes("rollback"),
      undoByKey: undos.includes("undoByKey"),
    }),
    ...(needs && { needs }),
    ...(adds && { adds: adds.map(([key]) => key) }),
    ...(conditions && { predicates: conditions.filter((name) => name !== undefined) }),
    ...(parts && {
      children: parts.children.map((child, n) => describeNode(child, join(path, names[n]!))),
    }),
  };
}

function policyOf({ policy, traits = {} }: Node): DescribedPolicy | undefined {
  const { timeout, concurrency, onFailure } = traits;
  const retry = policy?.retry && { retry: plain(policy.retry) };
  const all = { ...plain({ timeout, concurrency, onFailure }), ...retry, ...plain({ ...policy }) };
  return Object.keys(all).length === 0 ? undefined : cast(all);
}

/** The options that JSON can represent: no functions, and no `Infinity`, which sets no limit. */
function plain(options: object): Record<string, unknown> {
  const told = Object.entries(options).filter(([, value]) =>
    Number.isFinite(value) || ["string", "boolean"].includes(typeof value)
  );
  return Object.fromEntries(told);
}
