import { checkOptions, checkValid } from "../report/checks.ts";
import { checkRecorded } from "../timeline/check_recorded.ts";
import { SIGNS, type State } from "../timeline/state.ts";
import { withoutControls } from "../timeline/texts.ts";
import type { TimedSpan } from "../timeline/timeline.ts";
import type { Vertex } from "./drawing.ts";
import { statesOf } from "./states.ts";

/** The options of {@linkcode mermaid} and {@linkcode dot}. */
export interface GraphOptions {
  /**
   * A run of this pipeline from a `timeline()`; each step shows how it ended, by a sign and a
   * colour.
   */
  readonly run?: TimedSpan | undefined;
}

export interface Look {
  readonly label: string;
  /**
   * `"idle"` for a step that did not start; `undefined` without a run or a step.
   */
  readonly state: State | "idle" | undefined;
}

/** Returns a function that determines the label and the state of a vertex of a pipeline. */
export function looks(pipeline: string, options: GraphOptions): (vertex: Vertex) => Look {
  const action = "draw a graph";
  const { run } = checkOptions(action, options, ["run"]);
  if (run !== undefined) {
    checkRecorded(action, run);
    const { kind, name } = run.span;
    const isOwn = kind === "run" && name === pipeline;
    checkValid(action, "run", `${kind} ${name}`, isOwn, `a run of '${pipeline}'`);
  }
  const states = run && statesOf(run);
  return ({ label, path, hasUndo }) => {
    if (!states) return { label: hasUndo ? `${label} ↩` : label, state: undefined };
    if (path === undefined) return { label, state: undefined };
    const state = states.get(path) ?? "idle";
    return { label: state === "idle" ? label : `${SIGNS[state]} ${label}`.trim(), state };
  };
}

/** The lines of a label. */
export function linesOf(label: string): readonly string[] {
  return label.split(/\r\n|[\r\n\u2028\u2029]/).map(withoutControls);
}

/** The colours of each state, for light and dark backgrounds. */
export const COLORS: Readonly<Record<string, readonly [fill: string, line: string, ink: string]>> =
  {
    ok: ["#d7f2e0", "#1f7a43", "#0d3a1f"],
    failed: ["#fbd9d6", "#b3261e", "#5c110c"],
    stuck: ["#b3261e", "#7a0f09", "#ffffff"],
    undone: ["#e6dbfb", "#6a3fb5", "#331a62"],
    interrupted: ["#fdeccb", "#8a5a00", "#4d3200"],
    running: ["#fdeccb", "#8a5a00", "#4d3200"],
    skipped: ["#eceef1", "#8a929b", "#4a5158"],
    idle: ["#ffffff", "#c4c9cf", "#6a727b"],
  };
