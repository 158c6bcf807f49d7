import type { RunEnd } from "./end.ts";
import type { LogStart, RunLog } from "./run_log.ts";

/** The state of a durable run. */
export interface RunState {
  /** The run's id. */
  readonly runId: string;
  /**
   * - `"running"`: a worker drives it.
   * - `"waiting"`: it is parked until `until`, or until an event.
   * - `"abandoned"`: no worker drives it, or its worker has no heartbeat; `resume` continues it.
   * - `"succeeded"` and `"failed"`: it has ended.
   * - `"unreadable"`: its rows cannot be loaded or decoded.
   */
  readonly state: "running" | "waiting" | "abandoned" | "succeeded" | "failed" | "unreadable";
  /** The ids of the calls, waits and events that have completed, in order. */
  readonly calls: readonly string[];
  /** When a waiting run continues, in milliseconds since the epoch; `Infinity` for an event. */
  readonly until?: number;
}

export function startOf({ entries }: RunLog): LogStart | undefined {
  return entries.find((entry) => entry.kind === "start")?.start;
}

export function endIn({ entries }: RunLog): RunEnd | undefined {
  return entries.find((entry) => entry.kind === "end")?.end;
}

function leaseOf({ entries }: RunLog) {
  return entries.findLast((entry) => entry.kind === "lease");
}

/** The state of a run, and until when it lasts if nothing arrives from outside. */
export function stateOf(log: RunLog): RunState {
  const { runId, entries } = log;
  const calls = entries.flatMap((entry) => entry.kind === "out" ? [entry.id] : []);
  const end = endIn(log);
  if (end) return { runId, state: end.success ? "succeeded" : "failed", calls };
  const lease = leaseOf(log);
  if (lease?.owner === "") {
    // An event or a cancellation ends the wait, even if it arrived just before the run was parked.
    const hasNews = entries.slice(lease.seen)
      .some(({ kind }) => kind === "event" || kind === "cancel");
    return { runId, state: "waiting", calls, until: hasNews ? 0 : lease.until };
  }
  return { runId, state: lease && lease.until > Date.now() ? "running" : "abandoned", calls };
}
