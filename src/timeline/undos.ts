import type { Span } from "../api/observer.ts";
import { baseOf } from "../run/paths.ts";
import { stateOf } from "./state.ts";
import type { TimedSpan } from "./timeline.ts";

/**
 * The undos of a run in the order in which they began, each as the list of its attempts. An attempt
 * that landed late and has no undo is listed by itself.
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
export function undoId({ id, kind, attempt = 1, of }: Span): string {
  const isLate = kind === "late" && of !== undefined;
  if (!isLate && kind !== "undo" && kind !== "release") return id;
  return baseOf({ id: id.replace(/!late$/, ""), kind: "undo", attempt });
}

/** The resources that could not be released, each as the last attempt to release it. */
export function notReleased(run: TimedSpan): readonly TimedSpan[] {
  const last = new Map<string, TimedSpan>();
  for (const timed of spansIn(run)) {
    const { kind, runId, of, undo } = timed.span;
    const id = `${runId} ${undoId(timed.span)}`;
    if (kind === "release") last.set(id, timed);
    // A release that landed late.
    if (kind === "late" && of && !undo && timed.end?.ok) last.delete(id);
  }
  return [...last.values()].filter((release) => stateOf(release) === "stuck");
}

/** The steps that a failed run would have undone, but that declare no undo and deferred none. */
export function bareSteps(run: TimedSpan): ReadonlySet<TimedSpan> {
  const all = [...spansIn(run)];
  const undone = new Set(all.map(({ span }) => span.of));
  const failed = new Set(
    all.filter((timed) =>
      timed.span.kind === "run" && stateOf(timed) === "failed" && !timed.end?.committed
    )
      .map(({ span }) => span.runId),
  );
  return new Set(
    all.filter(({ span, end }) =>
      span.undos?.length === 0 && failed.has(span.runId) && end?.ok && end.ran !== false &&
      !undone.has(span)
    ),
  );
}

function* spansIn(timed: TimedSpan): Generator<TimedSpan> {
  yield timed;
  for (const part of timed.parts) yield* spansIn(part);
}

function undoSpans(run: TimedSpan): TimedSpan[] {
  return [...spansIn(run)].filter(({ span, end }) =>
    span.kind === "undo" || end?.late === "no-handler"
  );
}
