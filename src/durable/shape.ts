import type { Node } from "../engine/node.ts";
import { placesIn } from "../engine/places.ts";

/** A node of a pipeline, as far as runs in flight depend on it. */
export interface Part {
  readonly path: string;
  /** What it is: a step, a pivot, a combinator or a pipeline. */
  readonly kind: string;
  /** The undos that it declares, those of `undos` by their names. */
  readonly undos: readonly string[];
}

/** The parts of a pipeline, in order. */
export function shapeOf(root: Node): readonly Part[] {
  return [...placesIn(root)].map((
    { path, node: { kind, policy, undos = [], undoNames = [] } },
  ) => ({
    path,
    kind: policy?.pivot ? "pivot" : kind,
    undos: [...undos, ...undoNames],
  }));
}

/** What a pipeline lacks of the one that has begun a run, in half a sentence. */
export function lackOf(now: readonly Part[], began: readonly Part[]): string | undefined {
  const parts = new Map(now.map((part) => [part.path, part]));
  for (const { path, kind, undos } of began) {
    const part = parts.get(path);
    if (!part) return `every step that it began with must be there: '${path}' is not`;
    if (part.kind !== kind) {
      return `every step must be of the kind that it began with: '${path}' is a ${part.kind}, not a ${kind}`;
    }
    const gone = undos.find((undo) => !part.undos.includes(undo));
    if (gone !== undefined) {
      return `every undo that it began with must be there: '${gone}' of '${path}' is not`;
    }
  }
}
