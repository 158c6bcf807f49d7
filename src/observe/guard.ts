import type { Observer, Span } from "../api/observer.ts";
import { isThenable } from "../values/maybe_promise.ts";

/** The observers that have failed in a run, by its outermost span. */
const failed = new WeakMap<Span, Set<Observer>>();

/**
 * Calls an observer about a span. If it throws, or returns a promise that rejects, its first fault
 * in the run is printed: an unhandled rejection would end the process, and the run with it.
 */
export function guard(observe: Observer, span: Span, call: () => unknown): void {
  const fault = (thrown: unknown) => print(observe, span, thrown);
  try {
    const answer = call();
    if (isThenable(answer)) Promise.resolve(answer).then(undefined, fault);
  } catch (thrown) {
    fault(thrown);
  }
}

function print(observe: Observer, span: Span, thrown: unknown): void {
  try {
    const run = outermost(span);
    const known = failed.get(run) ?? new Set();
    if (known.has(observe)) return;
    const { kind, path, name, runId } = span;
    console.error(
      `An observer of run '${runId}' failed at ${kind} '${path || name}', ` +
        "and its later faults in this run are not printed:",
      thrown,
    );
    failed.set(run, known.add(observe));
  } catch {
    // Nor does a console that throws change the run.
  }
}

function outermost(span: Span): Span {
  let run = span;
  while (run.parent) run = run.parent;
  return run;
}
