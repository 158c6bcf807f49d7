import type { AnyStep } from "../api/step.ts";
import { describe } from "./describe.ts";
import { drawingOf, type Frame, type Vertex } from "./drawing.ts";
import { COLORS, type GraphOptions, linesOf, looks } from "./looks.ts";

const SHAPES: Readonly<Record<Vertex["shape"], readonly [open: string, close: string]>> = {
  step: ["[", "]"],
  each: ["[[", "]]"],
  decision: ["{", "}"],
  fork: ["((", "))"],
  end: ["([", "])"],
};

/**
 * Draws a pipeline, or any other step, as a flowchart for [Mermaid](https://mermaid.js.org). GitHub
 * shows it in a code block marked `mermaid`. `↩` marks the steps that have an undo. With a `run`,
 * each step shows how it ended.
 *
 * @param step A pipeline, step or combinator.
 * @param options A run to show.
 * @returns The text of the flowchart. No name can break it.
 * @throws {ConfigError} If it is not a step, or an option is wrong, such as the run of another.
 *
 * @example A flow for a README
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { mermaid } from "@runsheet/runsheet/graph";
 * import { assertEquals } from "@std/assert";
 *
 * const charge = step({ name: "charge", run: () => {}, rollback: () => {} });
 * assertEquals(
 *   mermaid(pipeline({ name: "checkout", steps: [charge] })),
 *   `flowchart TB
 *   n0(["checkout"])
 *   n1["charge ↩"]
 *   n2(["done"])
 *   n0 --> n1
 *   n1 --> n2
 * `,
 * );
 * ```
 *
 * @example How the steps of a run ended
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { mermaid } from "@runsheet/runsheet/graph";
 * import { timeline } from "@runsheet/runsheet/report";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const charge = step({ name: "charge", run: () => Promise.reject(new Error("declined")) });
 * const checkout = pipeline({ name: "checkout", steps: [charge] });
 * const observer = timeline();
 * await checkout.run({}, { observer });
 * assertStringIncludes(mermaid(checkout, { run: observer.runs[0] }), '["✗ charge"]:::failed');
 * ```
 */
export function mermaid(step: AnyStep, options: GraphOptions = {}): string {
  const described = describe(step);
  const { root, edges } = drawingOf(described);
  const lookOf = looks(described.name, options);
  const used = new Set<string>();
  return [
    "flowchart TB",
    ...inside(root, "  "),
    ...edges.map(({ from, to, label, skips }) => {
      const text = label ? `|${quoted(label)}|` : "";
      return `  ${from} ${skips ? "-.->" : "-->"}${text} ${to}`;
    }),
    ...[...used].map((state) => {
      const [fill, line, ink] = COLORS[state]!;
      return `  classDef ${state} fill:${fill},stroke:${line},color:${ink}`;
    }),
    "",
  ].join("\n");

  function inside({ vertices, frames }: Frame, indent: string): string[] {
    return [
      ...vertices.map((vertex) => {
        const { label, state } = lookOf(vertex);
        const [open, close] = SHAPES[vertex.shape];
        if (state) used.add(state);
        return `${indent}${vertex.id}${open}${quoted(label)}${close}${state ? `:::${state}` : ""}`;
      }),
      ...frames.flatMap((frame) => [
        `${indent}subgraph ${frame.id}[${quoted(frame.label)}]`,
        ...inside(frame, `${indent}  `),
        `${indent}end`,
      ]),
    ];
  }
}

// Even in a quoted label Mermaid looks for directives, Markdown, icons and formulas, so all of
// ASCII's punctuation that could begin one is written as a code.
function quoted(label: string): string {
  const lines = linesOf(label).map((line) =>
    line.replaceAll(/[!-'*+\-./:-@[-`{-~]/g, (character) => `#${character.charCodeAt(0)};`)
  );
  const text = lines.join("<br/>");
  return `"${text.trim() === "" ? " " : text}"`;
}
