import type { TimedSpan } from "./timeline.ts";

/** The state of a span. */
export type State =
  | "ok"
  | "failed"
  | "interrupted"
  | "skipped"
  | "running"
  | "undone"
  | "stuck"
  | "late"
  | "wait";

/**
 * The state of a span: `"stuck"` is an undo, a release or a late attempt that failed to undo or
 * release something, and a rollback with such an undo.
 */
export function stateOf({ end, span: { kind } }: TimedSpan): State {
  if (!end) return "running";
  if (end.interrupted) return "interrupted";
  const undoes = kind === "undo" || kind === "rollback";
  if (end.late === "failed" || end.late === "no-handler") return "stuck";
  if (end.late === "compensated") return "late";
  if (!end.ok) return undoes || kind === "release" ? "stuck" : "failed";
  if (undoes) return "undone";
  if (kind === "late" || kind === "wait") return kind;
  return end.ran === false ? "skipped" : "ok";
}

/** Whether a span has failed. */
export function isBad(timed: TimedSpan): boolean {
  return ["failed", "stuck"].includes(stateOf(timed));
}

/** The sign of each state, from characters that common fonts have. */
export const SIGNS: Readonly<Record<State, string>> = {
  ok: "✓",
  failed: "✗",
  interrupted: "‖",
  skipped: "–",
  running: "…",
  undone: "↩",
  stuck: "‼",
  late: "»",
  wait: "·",
};
