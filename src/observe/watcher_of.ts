import { type Observer, type Watcher, watching } from "../api/observer.ts";
import type { Watching } from "../run/watch.ts";
import { cast } from "../values/cast.ts";
import { watchRun } from "./watched.ts";

/** Makes what `run` takes of those who observe it. */
export function watcherOf(observers: readonly Observer[]): Watcher {
  const own: Watching = {
    observers,
    beginRun: ({ name, kind }, path, runId, more) =>
      watchRun([...observers, ...more?.observers ?? []], {
        kind: "run",
        id: "",
        path,
        name,
        // One that is no name is refused when the options are checked.
        runId: typeof runId === "string" && runId !== "" ? runId : crypto.randomUUID(),
        node: kind,
      }),
  };
  return Object.freeze({ [watching]: Object.freeze(own) });
}

/** Gives those who observe runs for a watcher. */
export function observersOf(watcher: Watcher): readonly Observer[] {
  return cast<Watching>(watcher[watching]).observers;
}
