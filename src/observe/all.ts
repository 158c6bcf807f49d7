import type { Watcher } from "../api/observer.ts";
import { checkWatcher } from "./check_watcher.ts";
import { observersOf, watcherOf } from "./watcher_of.ts";

/**
 * Combines watchers into one. Each sees the same spans; one that returns `false` for a span no
 * longer sees what is inside it, but the others do. The first one's `within` is outermost.
 *
 * @param watchers Watchers, made by `observe()`, `events()` and others.
 * @returns A watcher for the `observer` option of `run`.
 * @throws {ConfigError} If one of them is anything else.
 *
 * @example Two watchers at the same time
 * ```ts
 * import { step } from "@runsheet/runsheet";
 * import { all, events, observe } from "@runsheet/runsheet/observe";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * const kinds = observe(({ kind }) => void seen.push(kind));
 * const flat = events(({ type, kind }) => void seen.push(`${type} ${kind}`));
 * await step({ name: "hello", run: () => {} }).run({}, { observer: all(kinds, flat) });
 * assertEquals(seen, ["run", "start run", "attempt", "start attempt", "end attempt", "end run"]);
 * ```
 */
export function all(...watchers: readonly Watcher[]): Watcher {
  for (const watcher of watchers) checkWatcher("observe runs", watcher);
  return watcherOf(watchers.flatMap((watcher) => observersOf(watcher)));
}
