import type { Node } from "../engine/node.ts";
import { join, labels } from "../run/paths.ts";

/** A node of a tree. */
export interface Place {
  /** Where it stands. */
  readonly path: string;
  readonly node: Node;
}

/** What a tree is made of, in order: everything but the pipeline itself. */
export function placesIn(root: Node): Iterable<Place> {
  return walk(root, root.kind === "pipeline" ? "" : root.name);
}

function* walk(node: Node, path: string): Iterable<Place> {
  if (path !== "") yield { path, node };
  const children = node.parts?.children ?? [];
  const names = labels(children.map(({ name }) => name));
  for (const [n, child] of children.entries()) yield* walk(child, join(path, names[n]!));
}
