import type { Progress, Span, SpanEnd, Watcher } from "../api/observer.ts";
import { checkFunction } from "../report/checks.ts";
import { printed } from "../report/printable.ts";
import { watcherOf } from "./watcher_of.ts";

/** What every event tells: the span that it belongs to, by ids in place of objects. */
export interface SpanEvent extends Omit<Span, "parent" | "of"> {
  /** The id of what it is a part of; none for a run. */
  readonly parentId?: string | undefined;
  /** The id of the step that an `"undo"` undoes. */
  readonly ofId?: string | undefined;
  /** When, in milliseconds since 1970, with fractions. */
  readonly at: number;
}

/** Something has begun. */
export interface StartEvent extends SpanEvent {
  /** Tells it from other events. */
  readonly type: "start";
}

/** A branch or item of a group has ended. */
export interface ProgressEvent extends SpanEvent, Progress {
  /** Tells it from other events. */
  readonly type: "progress";
}

/** Something has ended. */
export interface EndEvent extends SpanEvent, SpanEnd {
  /** Tells it from other events. */
  readonly type: "end";
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/** Something has happened in a run. `JSON.stringify` prints it without args and data, its error included. */
export type RunEvent = StartEvent | ProgressEvent | EndEvent;

/**
 * Makes a watcher of a function that is told flat events, for logs, streams and progress bars.
 *
 * @param listener Called with each event, at once.
 * @returns What `run` takes as its `observer`.
 * @throws {ConfigError} If it is no function.
 *
 * @example One line for each failure
 * ```ts
 * import { step } from "@runsheet/runsheet";
 * import { events } from "@runsheet/runsheet/observe";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const log = events((event) => {
 *   if (event.type === "end" && !event.ok) {
 *     lines.push(`${event.runId} ${event.kind} ${event.path}: ${event.error?.message}`);
 *   }
 * });
 * const charge = step({ name: "charge", run: () => Promise.reject(new Error("declined")) });
 * await charge.run({}, { observer: log, runId: "o1" });
 * assertEquals(lines, ["o1 attempt charge: declined", "o1 run charge: declined"]);
 * ```
 */
export function events(listener: (event: RunEvent) => void): Watcher {
  checkFunction("observe runs", "listener", listener);
  return watcherOf([(span) => {
    const { parent, of, ...own } = span;
    const began = now();
    const fields = {
      ...own,
      ...(parent && { parentId: parent.id }),
      ...(of && { ofId: of.id }),
    };
    listener(printed({ type: "start", ...fields, at: began }));
    return {
      progress: (progress) =>
        listener(printed({ type: "progress", ...fields, ...progress, at: now() })),
      end(end) {
        const at = now();
        listener(printed({ type: "end", ...fields, ...end, at, durationMs: at - began }));
      },
    };
  }]);
}

/** Steady, also when the computer's clock is set. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
