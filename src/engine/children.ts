import { refuse } from "../report/checks.ts";
import { labels } from "../run/paths.ts";
import { type Node, nodeOf } from "./node.ts";

/** A node among its siblings. */
export interface Child {
  /** The node. */
  readonly node: Node;
  /** What paths call it: its name, made unique among its siblings. */
  readonly label: string;
}

/** The node behind what must be a step. */
export function checkStep(action: string, place: string, value: unknown): Node {
  return nodeOf(value) ?? refuse(action, `'${place}' must be a step`, value);
}

/** The nodes behind what must be a list of steps. */
export function checkSteps(action: string, steps: readonly unknown[]): readonly Child[] {
  // By index, as a hole in an array is no step either.
  const nodes = Array.from(steps, (step, n) => checkStep(action, `steps[${n}]`, step));
  const unique = labels(nodes.map(({ name }) => name));
  return nodes.map((node, n) => ({ node, label: unique[n]! }));
}
