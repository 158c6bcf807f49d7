import type { Progress, Span, SpanEnd, Watcher } from "../api/observer.ts";
import { observe } from "../observe/observe.ts";
import { checkOptions, refuse } from "../report/checks.ts";

/** A recorded span. Its times are in milliseconds since 1970, with fractions. */
export interface TimedSpan {
  /** The span. */
  readonly span: Span;
  /**
   * Its place among all spans that the timeline has recorded, in the order in which they began. A
   * clock does not show it: in edge workers it stands still between requests to other services.
   */
  readonly order: number;
  /** When it began. */
  readonly from: number;
  /** When it ended; absent while it is under way. */
  readonly to?: number;
  /** How it ended; absent while it is under way. */
  readonly end?: SpanEnd;
  /** The progress of a group or collection. */
  readonly progress?: Progress;
  /** The spans inside it, in the order in which they began. */
  readonly parts: readonly TimedSpan[];
}

/** A watcher that records runs. */
export interface Timeline extends Watcher {
  /** The latest runs, in the order in which they began; those under way are among them. */
  readonly runs: readonly TimedSpan[];
}

/** The options of {@linkcode timeline}. */
export interface TimelineOptions {
  /**
   * How many runs it keeps; with one more, the oldest is dropped.
   *
   * @default {1_000}
   */
  readonly keep?: number | undefined;
}

type Recorded = { -readonly [Key in keyof TimedSpan]: TimedSpan[Key] } & { parts: Recorded[] };

/**
 * Makes a watcher that records runs with their times, for {@linkcode html} and {@linkcode tree}.
 * Give it to one run as its `observer`, or to all with `observeAll`. It keeps names, times and
 * errors, but neither args nor data.
 *
 * @param options How many runs it keeps.
 * @returns The watcher, with the runs that it has recorded.
 * @throws {ConfigError} If an option is wrong.
 *
 * @example A run in a terminal
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { timeline, tree } from "@runsheet/runsheet/report";
 * import { assertMatch } from "@std/assert";
 *
 * const reserve = step({ name: "reserve", run: () => {}, rollback: () => {} });
 * const charge = step({ name: "charge", run: () => Promise.reject(new Error("declined")) });
 *
 * const observer = timeline();
 * await pipeline({ name: "order", steps: [reserve, charge] }).run({}, { observer });
 * const text = tree(observer.runs[0]!);
 * assertMatch(text, /✗ charge/);
 * assertMatch(text, /↩ undo reserve/);
 * ```
 */
export function timeline(options: TimelineOptions = {}): Timeline {
  const { keep = 1_000 } = checkOptions("keep a timeline", options, ["keep"]);
  if (!Number.isSafeInteger(keep) || keep < 1) {
    refuse("keep a timeline", "'keep' must be a positive integer", keep);
  }
  const runs: TimedSpan[] = [];
  let count = 0;
  const recorded = new WeakMap<Span, Recorded>();
  const watcher = observe((span) => {
    const own: Recorded = { span, order: count++, from: now(), parts: [] };
    recorded.set(span, own);
    if (span.parent) recorded.get(span.parent)?.parts.push(own);
    else if (runs.push(own) > keep) runs.shift();
    return {
      progress(progress) {
        own.progress = progress;
      },
      end(end) {
        own.to = now();
        own.end = end;
      },
    };
  });
  return Object.freeze({ ...watcher, runs });
}

/** The time; it does not jump when the computer's clock is set. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * The time at which the axis of a picture ends. The run takes up at least half of the axis, however
 * late the last attempt landed.
 */
export function axisEnd(run: TimedSpan): number {
  const last = lastOf(run);
  return run.to === undefined ? last : Math.min(last, 2 * run.to - run.from);
}

/** The time of the latest end of a span. */
export function lastOf({ from, to = from, parts }: TimedSpan): number {
  return parts.reduce((last, part) => Math.max(last, lastOf(part)), to);
}
