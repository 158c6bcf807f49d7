import type { Observer, Watcher } from "../api/observer.ts";
import { checkFunction } from "../report/checks.ts";
import { watcherOf } from "./watcher_of.ts";

/**
 * Makes a watcher from a function. The function is called with every span when it begins, and the
 * object it returns follows that span to its end. The engine has no clock: an observer that needs
 * times takes them itself.
 *
 * @param observer Called with each span; returns an object that follows it, nothing, or `false`.
 * @returns A watcher for the `observer` option of any number of runs.
 * @throws {ConfigError} If the observer is not a function.
 *
 * @example Every span with its duration
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { observe } from "@runsheet/runsheet/observe";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const times = observe(({ kind, path }) => {
 *   const began = performance.now();
 *   return {
 *     end({ ok }) {
 *       const ms = Math.round(performance.now() - began);
 *       lines.push(`${kind} ${path} ${ok ? "ok" : "failed"}`);
 *       console.log(lines.at(-1), ms, "ms");
 *     },
 *   };
 * });
 * const hello = step({ name: "hello", run: () => ({ hello: "world" }) });
 * await pipeline({ name: "greet", steps: [hello] }).run({}, { observer: times });
 * assertEquals(lines, ["attempt hello ok", "step hello ok", "run  ok"]);
 * ```
 */
export function observe(observer: Observer): Watcher {
  checkFunction("observe runs", "observer", observer);
  return watcherOf([observer]);
}
