import type { AnyStep } from "../api/step.ts";
import { describe } from "./describe.ts";
import { drawingOf, type Frame, type Vertex } from "./drawing.ts";
import { COLORS, type GraphOptions, linesOf, looks } from "./looks.ts";

const SHAPES: Readonly<Record<Vertex["shape"], string>> = {
  step: "box",
  each: "box3d",
  decision: "diamond",
  fork: "circle",
  end: "oval",
};

/**
 * Draws a pipeline, or any other step, in the DOT language of [Graphviz](https://graphviz.org),
 * whose `dot -Tsvg` makes a picture of it. `↩` marks the steps that have an undo. With a `run`,
 * each step shows how it ended.
 *
 * @param step A pipeline, step or combinator.
 * @param options A run to show.
 * @returns The text of the graph. No name can break it.
 * @throws {ConfigError} If it is not a step, or an option is wrong, such as the run of another.
 *
 * @example A flow for Graphviz
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { dot } from "@runsheet/runsheet/graph";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const charge = step({ name: "charge", run: () => {}, rollback: () => {} });
 * const text = dot(pipeline({ name: "checkout", steps: [charge] }));
 * assertStringIncludes(text, 'n1 [shape=box label="charge ↩"]');
 * ```
 */
export function dot(step: AnyStep, options: GraphOptions = {}): string {
  const described = describe(step);
  const { root, edges } = drawingOf(described);
  const lookOf = looks(described.name, options);
  return [
    "digraph {",
    "  node [fontname=Helvetica fontsize=11]",
    "  edge [fontname=Helvetica fontsize=10]",
    ...inside(root, "  "),
    ...edges.map(({ from, to, label, skips }) => {
      const about = [label && `label=${quoted(label)}`, skips && "style=dashed"].filter(Boolean);
      return `  ${from} -> ${to}${about.length > 0 ? ` [${about.join(" ")}]` : ""}`;
    }),
    "}",
    "",
  ].join("\n");

  function inside({ vertices, frames }: Frame, indent: string): string[] {
    return [
      ...vertices.map((vertex) => {
        const { label, state } = lookOf(vertex);
        const [fill, line, ink] = COLORS[state ?? ""] ?? [];
        const color = state
          ? ` style=filled fillcolor="${fill}" color="${line}" fontcolor="${ink}"`
          : "";
        return `${indent}${vertex.id} [shape=${SHAPES[vertex.shape]} label=${
          quoted(label)
        }${color}]`;
      }),
      ...frames.flatMap((frame) => [
        `${indent}subgraph cluster_${frame.id} {`,
        `${indent}  label=${quoted(frame.label)}`,
        ...inside(frame, `${indent}  `),
        `${indent}}`,
      ]),
    ];
  }
}

// Graphviz decodes backslashes and HTML entities in labels.
function quoted(label: string): string {
  const lines = linesOf(label).map((line) =>
    line.replaceAll("&", "&amp;").replaceAll(/["\\]/g, "\\$&")
  );
  return `"${lines.join("\\n")}"`;
}
