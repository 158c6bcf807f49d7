import type { Span } from "../api/observer.ts";
import { stepOf, withoutIndexes } from "../run/paths.ts";
import { type State, stateOf } from "../timeline/state.ts";
import type { TimedSpan } from "../timeline/timeline.ts";
import { undosOf } from "../timeline/undos.ts";

// A step may have several states, in several items or before and after its undo: the first one wins.
const ORDER: readonly State[] = ["stuck", "failed", "running", "undone", "ok", "skipped"];

/** The states of the steps that a run has started, by their paths without the indexes of items. */
export function statesOf(run: TimedSpan): ReadonlyMap<string, State> {
  const states = new Map<string, State>();
  const steps = new Map<Span, TimedSpan>();
  visit(run);
  for (const attempts of undosOf(run)) {
    const undo = attempts.at(-1)!;
    if (stateOf(undo) === "stuck" || undoesSuccess(undo)) tell(undo);
  }
  return states;

  function visit(timed: TimedSpan): void {
    const { kind } = timed.span;
    if (kind === "run" || kind === "step") {
      steps.set(timed.span, timed);
      tell(timed);
    }
    timed.parts.forEach(visit);
  }

  /** Whether the step itself was undone, and not only an attempt before a retry or after a late landing. */
  function undoesSuccess({ span: { of, parent }, from }: TimedSpan): boolean {
    const step = of && steps.get(of);
    return parent?.kind === "rollback" && step?.to !== undefined && step.to <= from;
  }

  function tell(timed: TimedSpan): void {
    const path = stepOf(withoutIndexes(timed.span.path));
    const state = stateOf(timed);
    const known = states.get(path);
    if (known === undefined || ORDER.indexOf(state) < ORDER.indexOf(known)) states.set(path, state);
  }
}
