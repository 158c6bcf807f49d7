import { type Observer, type Watcher, watching } from "../api/observer.ts";
import type { Watching } from "../run/watch.ts";
import { cast } from "../values/cast.ts";
import { ObservedSpan } from "./observed_span.ts";
import { runIdOf, watchRun } from "./watched.ts";

/** Makes a watcher from observers. */
export function watcherOf(observers: readonly Observer[]): Watcher {
  const own: Watching = {
    observers,
    beginRun({ name, kind: node }, path, given, more) {
      const all = more ? [...observers, ...more.observers] : observers;
      const runId = runIdOf(given);
      return watchRun(all, new ObservedSpan("run", "", path, name, runId, undefined, { node }));
    },
  };
  return Object.freeze({ [watching]: Object.freeze(own) });
}

/** The observers of a watcher. */
export function observersOf(watcher: Watcher): readonly Observer[] {
  return cast<Watching>(watcher[watching]).observers;
}
