import type { RunInfo } from "../api/info.ts";
import { watching } from "../api/observer.ts";
import type { RunOptions } from "../api/run.ts";
import {
  checkBoolean,
  checkFunction,
  checkOptions,
  checkSignal,
  checkText,
  checkValid,
  refuse,
} from "../report/checks.ts";
import { aroundOf } from "../run/around.ts";

/** The options of a run, or the info of the step that the run belongs to. */
export interface OwnOptions extends RunOptions {
  readonly deps?: unknown;
  readonly defer?: RunInfo["defer"];
  readonly key?: string;
  readonly attempt?: number;
}

/** Validates the options of a run and returns a copy, which the caller can no longer change. */
export function checkRunOptions(name: string, options: OwnOptions): OwnOptions {
  const action = `run '${name}'`;
  if (Object(options) !== options) refuse(action, "its options must be an object", options);
  const isInfo = "defer" in options;
  const own = checkOptions(action, options, [
    ...isInfo ? ["defer", "key", "attempt", "index"] : [],
    "signal",
    "apart",
    "runId",
    "host",
    "onLate",
    "waitUntil",
    "observer",
    "events",
    "deps",
  ]);
  const { signal, apart, runId, host, onLate, waitUntil, observer, events } = own;
  checkSignal(action, signal);
  checkBoolean(action, "apart", apart);
  if (runId !== undefined) checkText(action, "'runId'", runId);
  if (host !== undefined) {
    checkFunction(action, "host.perform", host?.perform);
    checkFunction(action, "host.sleep", host?.sleep);
  }
  if (onLate !== undefined) checkFunction(action, "onLate", onLate);
  if (waitUntil !== undefined) checkFunction(action, "waitUntil", waitUntil);
  if (events !== undefined) checkFunction(action, "events.wait", events?.wait);
  const isObserver = observer === undefined || Boolean(observer?.[watching]);
  checkValid(action, "observer", observer, isObserver, "made by 'observe'");
  if (isInfo) checkFunction(action, "defer", own.defer);
  return own;
}

/**
 * The id in the options of a run; for a run inside a step, it is made of the step's key, and counts
 * the run among those of its attempt, so call it once for each run.
 */
export function runIdOf(options: OwnOptions): string | undefined {
  try {
    const { runId, key, attempt, defer } = options;
    const around = aroundOf(defer);
    const nth = around ? around.runs = (around.runs ?? 0) + 1 : 1;
    if (runId !== undefined || key === undefined) return runId;
    // Each attempt gets its own id, as the effects of an earlier one may have been undone.
    const id = attempt === undefined || around?.effect.idempotent ? key : `${key}@${attempt}`;
    return nth === 1 ? id : `${id}#${nth}`;
  } catch {
    return undefined; // If reading the options throws, checking them refuses them.
  }
}
