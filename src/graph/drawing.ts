import { duration } from "../timeline/texts.ts";
import type { Described } from "./describe.ts";

/** A step of a flow, or a point where it starts, forks, joins or ends. */
export interface Vertex {
  readonly id: string;
  readonly label: string;
  readonly shape: "step" | "each" | "decision" | "fork" | "end";
  /** The path of its step, if it has one. */
  readonly path?: string;
  readonly hasUndo: boolean;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  /** Whether it leads past a step that is skipped. */
  readonly skips?: boolean;
}

/** A frame around a nested pipeline, or around the step that runs for each item. */
export interface Frame {
  readonly id: string;
  readonly label: string;
  readonly frames: Frame[];
  readonly vertices: Vertex[];
}

/** A flow as vertices in frames. No edge touches a frame, as renderers place such edges badly. */
export interface Drawing {
  readonly root: Frame;
  readonly edges: readonly Edge[];
}

/** An edge whose target is not known yet. */
type Open = Omit<Edge, "to">;

/** Turns a description into vertices, frames and edges. */
export function drawingOf(described: Described): Drawing {
  const edges: Edge[] = [];
  const root: Frame = { id: "root", label: "", frames: [], vertices: [] };
  let vertices = 0;
  let frames = 0;

  function vertex(frame: Frame, opens: readonly Open[], about: Omit<Vertex, "id">): Open[] {
    const id = `n${vertices++}`;
    frame.vertices.push({ id, ...about });
    for (const open of opens) edges.push({ ...open, to: id });
    return [{ from: id }];
  }

  function framed(parent: Frame, label: string): Frame {
    const frame = { id: `g${frames++}`, label, frames: [], vertices: [] };
    parent.frames.push(frame);
    return frame;
  }

  function inOrder(children: readonly Described[], opens: readonly Open[], frame: Frame) {
    return children.reduce((open, child) => place(child, open, frame), opens);
  }

  /** Places a step at the end of the open edges; returns the edges that leave it. */
  function place(step: Described, opens: readonly Open[], frame: Frame): readonly Open[] {
    const { kind, name, path, children = [], predicates = [] } = step;
    const leaf = (shape: Vertex["shape"], label: string) =>
      vertex(frame, opens, { shape, label, path, hasUndo: hasUndo(step) });
    if (children.length === 0) {
      const isStep = kind === "step";
      return leaf(isStep ? "step" : "each", [name, notes(step)].filter(Boolean).join("\n"));
    }
    switch (kind) {
      case "when": {
        const [question] = leaf("decision", predicates[0] || "when");
        const { from } = question!;
        return [
          ...inOrder(children, [{ from, label: "yes" }], frame),
          { from, label: "no", skips: true },
        ];
      }
      case "choice": {
        const [question] = leaf("decision", "choice");
        return children.flatMap((child, n) =>
          place(child, [{ from: question!.from, label: branch(predicates[n], n) }], frame)
        );
      }
      case "parallel": {
        const fork = leaf("fork", notes(step));
        const ends = children.flatMap((child) => place(child, fork, frame));
        return vertex(frame, ends, { shape: "fork", label: "", hasUndo: false });
      }
      case "fallback": {
        const [first, alternative] = children;
        const ends = place(first!, opens, frame);
        // A function as the alternative is not a step, so there is nothing to draw.
        if (!alternative) return ends;
        const failed = ends.map((end) => ({ ...end, label: "fails" }));
        return [...ends, ...place(alternative, failed, frame)];
      }
      default: {
        const label = kind === "pipeline" ? name : `${name}, each item`;
        const all = [label, notes(step)].filter(Boolean).join(", ");
        return inOrder(children, opens, framed(frame, all));
      }
    }
  }
  const name = [described.name, described.path === "" && notes(described)];
  const start = vertex(root, [], {
    shape: "end",
    label: name.filter(Boolean).join("\n"),
    hasUndo: false,
  });
  const ends = described.path === "" && described.children
    ? inOrder(described.children, start, root)
    : place(described, start, root);
  vertex(root, ends, { shape: "end", label: "done", hasUndo: false });
  return { root, edges };
}

function branch(predicate: string | undefined, n: number): string {
  if (predicate === undefined) return "else";
  return predicate || (n === 0 ? "if" : "else if");
}

function hasUndo({ rollback, undoByKey }: Described): boolean {
  return rollback === true || undoByKey === true;
}

function notes({ policy = {} }: Described): string {
  const { retry, timeout, concurrency, pivot } = policy;
  return [
    pivot && "pivot",
    retry && retry.count !== 0 && retryText(retry.count),
    timeout && duration(timeout),
    concurrency && `${concurrency} at once`,
  ].filter(Boolean).join(", ");
}

function retryText(count: number | undefined): string {
  return count === undefined ? "retries" : `${count} ${count === 1 ? "retry" : "retries"}`;
}
