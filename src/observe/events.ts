import type { Observer, Progress, Span, SpanEnd, Watcher } from "../api/observer.ts";
import { checkFunction } from "../report/checks.ts";
import { looksPlain, Printable } from "../report/printable.ts";
import { guard } from "./guard.ts";
import { watcherOf } from "./watcher_of.ts";

/** The fields of every event: its span, with ids instead of objects. */
export interface SpanEvent extends Omit<Span, "parent" | "of"> {
  /** The id of the enclosing span; none for a run. */
  readonly parentId?: string | undefined;
  /** The id of the span in `of`. */
  readonly ofId?: string | undefined;
  /** The time, in milliseconds since 1970, with fractions. */
  readonly at: number;
}

/** A span has begun. */
export interface StartEvent extends SpanEvent {
  /** The kind of event. */
  readonly type: "start";
}

/** A branch or item of a group has ended. */
export interface ProgressEvent extends SpanEvent, Progress {
  /** The kind of event. */
  readonly type: "progress";
}

/** A span has ended. */
export interface EndEvent extends SpanEvent, SpanEnd {
  /** The kind of event. */
  readonly type: "end";
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/**
 * An event of a run. `JSON.stringify` prints it without args and data, and its error as in logs.
 */
export type RunEvent = StartEvent | ProgressEvent | EndEvent;

/**
 * Makes a watcher from a listener of flat events, for logs, streams and progress bars.
 *
 * @param listener Called with each event, synchronously.
 * @returns A watcher for the `observer` option of `run`.
 * @throws {ConfigError} If the listener is not a function.
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
  const observe: Observer = (span) => {
    const began = now();
    guard(observe, span, () => listener(new FlatEvent("start", span, began) as StartEvent));
    return {
      progress(progress) {
        const event = new FlatEvent("progress", span, now());
        return listener(Object.assign(event, progress) as ProgressEvent);
      },
      end(end) {
        const at = now();
        const event = new FlatEvent("end", span, at);
        return listener(Object.assign(event, end, { durationMs: at - began }) as EndEvent);
      },
    };
  };
  return watcherOf([observe]);
}

/** The time; it does not jump when the computer's clock is set. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** The fields of every event. */
class FlatEvent extends Printable implements SpanEvent {
  static {
    looksPlain(this);
  }

  readonly type: RunEvent["type"];
  readonly at: number;
  readonly runId: string;
  readonly kind: Span["kind"];
  readonly id: string;
  readonly parentId: string | undefined;
  readonly path: string;
  readonly name: string;
  readonly node: Span["node"];
  readonly attempt: number | undefined;
  readonly retries: number | undefined;
  readonly index: number | undefined;
  readonly ms: number | undefined;
  readonly ofId: string | undefined;
  readonly undo: Span["undo"];
  readonly ofAttempt: number | undefined;
  readonly undos: readonly string[] | undefined;

  constructor(type: RunEvent["type"], span: Span, at: number) {
    super();
    this.type = type;
    this.at = at;
    this.runId = span.runId;
    this.kind = span.kind;
    this.id = span.id;
    this.parentId = span.parent?.id;
    this.path = span.path;
    this.name = span.name;
    this.node = span.node;
    this.attempt = span.attempt;
    this.retries = span.retries;
    this.index = span.index;
    this.ms = span.ms;
    this.ofId = span.of?.id;
    this.undo = span.undo;
    this.ofAttempt = span.ofAttempt;
    this.undos = span.undos;
  }
}
