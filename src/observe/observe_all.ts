import type { Watcher } from "../api/observer.ts";
import { processWide } from "../run/process_wide.ts";
import { checkWatcher } from "./check_watcher.ts";

/**
 * Observes every run of the process that begins from now on, in addition to the run's own observer.
 * A second call replaces the first; a call without a watcher ends it.
 *
 * @param watcher Made by `observe()`, `events()` and others; omit it to stop observing.
 * @throws {ConfigError} If it is anything else.
 *
 * @example Count the failed runs of the process
 * ```ts
 * import { step } from "@runsheet/runsheet";
 * import { observe, observeAll } from "@runsheet/runsheet/observe";
 * import { assertEquals } from "@std/assert";
 *
 * let failures = 0;
 * const count = { end: ({ ok }: { ok: boolean }) => void (ok || failures++) };
 * observeAll(observe(({ kind }) => kind === "run" && count));
 * await step({ name: "fail", run: () => Promise.reject(new Error("no")) }).run({});
 * assertEquals(failures, 1);
 * observeAll();
 * ```
 */
export function observeAll(watcher?: Watcher): void {
  if (watcher !== undefined) checkWatcher("observe all runs", watcher);
  processWide.watcher = watcher;
}
