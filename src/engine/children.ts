import { refuse } from "../report/checks.ts";
import { labels } from "../run/paths.ts";
import { type Node, nodeOf } from "./node.ts";

/** A node among its siblings. */
export interface Child {
  readonly node: Node;
  /** Its name in paths, unique among its siblings. */
  readonly label: string;
}

/** Returns the node behind a step; throws if the value is not a step. */
export function checkStep(action: string, place: string, value: unknown): Node {
  return nodeOf(value) ?? refuse(action, `'${place}' must be a step`, value);
}

/** Returns the nodes behind a list of steps; throws if an entry is not a step. */
export function checkSteps(action: string, steps: readonly unknown[]): readonly Child[] {
  // `Array.from` visits holes too, which are not steps.
  const nodes = Array.from(steps, (step, n) => checkStep(action, `steps[${n}]`, step));
  const unique = labels(nodes.map(({ name }) => name));
  return nodes.map((node, n) => ({ node, label: unique[n]! }));
}

/** Refuses a pivot where other steps run beside it, as these might still have to be undone. */
export function refusePivot(action: string, nodes: readonly Node[]): void {
  for (const { name, policy, parts } of nodes) {
    if (policy?.pivot) refuse(action, "none of its steps must be a pivot", name);
    refusePivot(action, parts?.children ?? []);
  }
}
