import type { Span } from "../api/observer.ts";
import { stepOf, withoutIndexes } from "../run/paths.ts";
import { type State, stateOf } from "../timeline/state.ts";
import type { TimedSpan } from "../timeline/timeline.ts";
import { notReleased, undosOf } from "../timeline/undos.ts";

// A step may have several states, in several items or before and after its undo: the first in this
// order wins.
const ORDER: readonly State[] = [
  "stuck",
  "failed",
  "interrupted",
  "running",
  "undone",
  "ok",
  "skipped",
];

/**
 * The states of the steps that a run has started, by their paths without the indexes of items. Of
 * the attempts of a pipeline, the last one decides.
 */
export function statesOf(run: TimedSpan): ReadonlyMap<string, State> {
  const states = new Map<string, State>();
  const visited = new Set<Span | undefined>();
  visit(run);
  for (const attempts of undosOf(run)) {
    const undo = attempts.at(-1)!;
    const { span } = undo;
    if (stateOf(undo) === "stuck" || visited.has(span.of) && undoesStep(span)) tell(undo);
  }
  notReleased(run).forEach(tell);
  return states;

  function visit(timed: TimedSpan): void {
    const { span, parts } = timed;
    visited.add(span);
    if (span.kind === "run" || span.kind === "step") tell(timed);
    const last = parts.findLast((part) => part.span.kind === "attempt");
    for (const part of parts) if (part.span.kind !== "attempt" || part === last) visit(part);
  }

  function tell(timed: TimedSpan): void {
    if (timed.span.runId !== run.span.runId) return; // of a run inside a step, which is not drawn
    const path = stepOf(withoutIndexes(timed.span.path));
    const state = stateOf(timed);
    const known = states.get(path);
    if (known === undefined || ORDER.indexOf(state) < ORDER.indexOf(known)) states.set(path, state);
  }
}

/**
 * Whether the step itself was undone. Before a retry and after a late landing, only an attempt is
 * undone, by a rollback inside the step.
 */
function undoesStep({ of, parent }: Span): boolean {
  return parent?.kind === "rollback" && parent.parent !== of;
}
