import { watching } from "../api/observer.ts";
import type { RunOptions } from "../api/run.ts";
import { checkFunction, checkOptions, checkSignal, refuse } from "../report/checks.ts";

/** Validates the options of a run and returns a copy, which the caller can no longer change. */
export function checkRunOptions(name: string, options: RunOptions): RunOptions {
  const action = `run '${name}'`;
  const own = checkOptions(action, options, [
    "signal",
    "runId",
    "host",
    "onLate",
    "waitUntil",
    "observer",
    "events",
  ]);
  const { signal, runId, host, onLate, waitUntil, observer, events } = own;
  checkSignal(action, signal);
  if (runId !== undefined && (typeof runId !== "string" || runId === "")) {
    refuse(action, "'runId' must be a string that is not empty", runId);
  }
  if (host !== undefined) {
    checkFunction(action, "host.perform", host?.perform);
    checkFunction(action, "host.sleep", host?.sleep);
  }
  if (onLate !== undefined) checkFunction(action, "onLate", onLate);
  if (waitUntil !== undefined) checkFunction(action, "waitUntil", waitUntil);
  if (events !== undefined) checkFunction(action, "events.wait", events?.wait);
  if (observer !== undefined && !observer?.[watching]) {
    refuse(action, "'observer' must be made by 'observe'", observer);
  }
  return own;
}
