import type { Node } from "./node.ts";
import { join, labels } from "../run/paths.ts";

/** A node in a tree of nodes. */
export interface Place {
  readonly path: string;
  readonly node: Node;
}

/** Iterates over the nodes of a tree in order, except the pipeline at its root. */
export function placesIn(root: Node): Iterable<Place> {
  return walk(root, root.kind === "pipeline" ? "" : root.name);
}

function* walk(node: Node, path: string): Iterable<Place> {
  if (path !== "") yield { path, node };
  const children = node.parts?.children ?? [];
  const names = labels(children.map(({ name }) => name));
  for (const [n, child] of children.entries()) yield* walk(child, join(path, names[n]!));
}
