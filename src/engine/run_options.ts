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
import { isOwnedBy } from "../effect/caller.ts";
import { type Around, aroundOf, RunsInside } from "../run/around.ts";

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

/** What the options of a run say about the step that the run is inside. */
export interface Inside {
  /** Its id; if none is given, it is made of the step's key. */
  readonly runId?: string | undefined;
  readonly around?: Around | undefined;
  /** Whether it ends with the signal of the step's attempt. */
  readonly isFollowing?: boolean;
}

/** Reads where a run is inside; call it once for each run, as it counts those of an attempt. */
export function insideOf(options: OwnOptions): Inside {
  try {
    const { runId, key, attempt, defer, apart, signal } = options;
    const around = aroundOf(defer);
    const nth = around ? ++(around.inside ??= new RunsInside()).count : 1;
    // Each attempt gets its own id, as the effects of an earlier one may have been undone.
    const id = key === undefined || attempt === undefined ? key : `${key}@${attempt}`;
    return {
      runId: runId ?? (nth === 1 || id === undefined ? id : `${id}#${nth}`),
      around: apart ? undefined : around,
      isFollowing: isOwnedBy(signal, around),
    };
  } catch {
    return {}; // If reading the options throws, checking them refuses them.
  }
}
