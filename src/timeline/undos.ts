import type { Span } from "../api/observer.ts";
import { baseOf } from "../run/paths.ts";
import type { TimedSpan } from "./timeline.ts";

/**
 * The undos of a run in the order in which they began, each as the list of its attempts. An attempt
 * that landed late and has no undo stands among them by itself.
 */
export function undosOf(run: TimedSpan): readonly (readonly TimedSpan[])[] {
  const undos = new Map<string, TimedSpan[]>();
  for (const timed of undoSpans(run).sort((one, other) => one.order - other.order)) {
    const id = `${timed.span.runId} ${undoId(timed.span)}`;
    undos.set(id, [...undos.get(id) ?? [], timed]);
  }
  return [...undos.values()];
}

/** The id of an undo, the same for all attempts at it. */
export function undoId({ id, kind, attempt = 1 }: Span): string {
  return kind === "undo" ? baseOf({ id, kind, attempt }) : id;
}

function undoSpans(timed: TimedSpan): TimedSpan[] {
  const isOne = timed.span.kind === "undo" || timed.end?.late === "no-handler";
  return [...isOne ? [timed] : [], ...timed.parts.flatMap(undoSpans)];
}
