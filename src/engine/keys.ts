import { ConfigError, StrictOverlapError } from "../report/errors.ts";
import { join } from "../run/paths.ts";
import type { DeclaredKey } from "../schema/declared_keys.ts";
import type { Node, NodeKeys } from "./node.ts";

/** Joins the keys of nodes; `undefined` if those of one are unknown. */
export function allKnown<Key>(
  lists: readonly (readonly Key[] | undefined)[],
): readonly Key[] | undefined {
  return lists.includes(undefined) ? undefined : lists.flatMap((keys) => keys ?? []);
}

/** The keys that a pipeline needs and adds, as far as its schemas and steps declare them. */
export function keysOf(
  name: string,
  nodes: readonly Node[],
  args: readonly DeclaredKey[] | undefined,
  output: readonly DeclaredKey[] | undefined,
): NodeKeys {
  const added = new Map<string, string>();
  const needed = new Set<string>();
  let known = true;
  for (const { keys: { needs, adds } } of nodes) {
    needs?.filter((key) => !added.has(key)).forEach((key) => needed.add(key));
    adds?.forEach(([key, by]) => added.set(key, join(name, by)));
    known &&= needs !== undefined && adds !== undefined;
  }
  return {
    needs: args
      ? args.filter(({ required }) => required).map(({ key }) => key)
      : known
      ? [...needed]
      : undefined,
    adds: output ? output.map(({ key }) => [key, name] as const) : known ? [...added] : undefined,
  };
}

/**
 * Throws if two steps provide the same key, or if a step needs a key that nothing before it
 * provides.
 */
export function checkStrict(
  pipeline: string,
  steps: readonly Node[],
  args: readonly string[] | undefined,
): void {
  const providers = new Map<string, string>();
  // Once a step or the args may add any key, no key is known to be missing.
  let known = args && new Set(args);
  for (const { name, keys: { needs, adds } } of steps) {
    const missing = known && needs?.filter((key) => !known?.has(key));
    if (missing && missing.length > 0) {
      throw new ConfigError(
        `Cannot create strict pipeline '${pipeline}' as '${name}' must find '${
          missing.join("', '")
        }' in the context: ` +
          `the args and the steps before it give [${[...known ?? []].join(", ")}]`,
      );
    }
    for (const [key, by] of adds ?? []) {
      const first = providers.get(key);
      if (first !== undefined) {
        const message =
          `Cannot create strict pipeline '${pipeline}' as only one step may provide '${key}': ` +
          `both '${first}' and '${by}' do`;
        throw new StrictOverlapError(message, key, [first, by]);
      }
      providers.set(key, by);
      known?.add(key);
    }
    if (!adds) known = undefined;
  }
}

/** Throws if a step after a pivot has no retry: from there, a run can only go forward. */
export function checkAfterPivot(pipeline: string, nodes: readonly Node[]): void {
  inOrder(nodes, undefined, false);

  function inOrder(nodes: readonly Node[], pivot: string | undefined, isRetried: boolean) {
    return nodes.reduce((before, node) => visit(node, before, isRetried), pivot);
  }

  /** Returns the pivot before the next node. */
  function visit(
    { kind, name, policy, parts }: Node,
    pivot: string | undefined,
    isRetried: boolean,
  ): string | undefined {
    const isSafe = isRetried || policy?.retry !== undefined;
    if (parts && (kind === "choice" || kind === "fallback")) {
      // Only one child's effects stay, and a failure in a fallback leads to the alternative.
      const others = parts.children.map((child, n) =>
        visit(child, pivot, isSafe || kind === "fallback" && n === 0)
      );
      return others.find((other) => other !== pivot) ?? pivot;
    }
    if (parts) return inOrder(parts.children, pivot, isSafe);
    // A step without a policy only waits.
    if (pivot !== undefined && !isSafe && (policy || kind !== "step")) {
      throw new ConfigError(
        `Cannot create strict pipeline '${pipeline}' as '${name}' must have a 'retry', or stand in ` +
          `a pipeline that has one: it comes after the pivot '${pivot}'`,
      );
    }
    return policy?.pivot ? name : pivot;
  }
}
