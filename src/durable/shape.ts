import { nodeOf } from "../engine/node.ts";
import { placesIn } from "../engine/places.ts";
import { refuse } from "../report/checks.ts";

/** The properties of a node of a pipeline that runs in flight depend on. */
export interface Part {
  /** Its path, without indexes. */
  readonly path: string;
  /** Its kind: a step, a pivot, a combinator or a pipeline. */
  readonly kind: string;
  /** The undos that it declares, those of `undos` by their names. */
  readonly undos: readonly string[];
}

/** What a run records of its pipeline when it begins. */
export interface RunStart {
  /** The pipeline's name. */
  readonly pipeline: string;
  /** Its version, if it has one. */
  readonly version: string | undefined;
  /** Its parts, in order. */
  readonly shape: readonly Part[];
}

/**
 * Lists the parts of a pipeline, in order. They are plain data: a run records them when it begins,
 * so that `lackOf` can tell whether another process may continue it.
 *
 * @param pipeline A step or a pipeline.
 * @returns Its parts.
 * @throws {ConfigError} If it is neither.
 */
export function shapeOf(pipeline: unknown): readonly Part[] {
  const root = nodeOf(pipeline) ??
    refuse("make a pipeline durable", "it must be a step or a pipeline", pipeline);
  return [...placesIn(root)].map((
    { path, node: { kind, policy, undos = [], undoNames = [] } },
  ) => ({
    path,
    kind: policy?.pivot ? "pivot" : kind,
    undos: [...undos, ...undoNames],
  }));
}

/**
 * Finds what a pipeline lacks that the pipeline that began a run had.
 *
 * @param now The parts of the pipeline.
 * @param began The parts of the pipeline that began the run.
 * @returns Half a sentence, or `undefined` if it lacks nothing.
 */
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

/** Why a pipeline cannot continue a run, as half a sentence, or `undefined` if it can. */
export function changeOf(now: RunStart, began: RunStart): string | undefined {
  if (now.pipeline !== began.pipeline) {
    return `its pipeline must be '${began.pipeline}': current value is '${now.pipeline}'`;
  }
  if (now.version !== began.version) {
    return `its version must be ${began.version}: current value is ${now.version}`;
  }
  return lackOf(now.shape, began.shape);
}
