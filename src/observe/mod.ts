/**
 * Watch runs as they happen: every run, step, attempt, wait, undo and item is a span, which begins
 * and ends.
 *
 * @example Logs, in ten lines
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { events } from "@runsheet/runsheet/observe";
 *
 * const log = events((event) => {
 *   if (event.type === "end") console.log(JSON.stringify(event));
 * });
 * const hello = step({ name: "hello", run: () => ({ hello: "world" }) });
 * await pipeline({ name: "greet", steps: [hello] }).run({}, { observer: log });
 * ```
 *
 * @module
 */
export type { LateReport } from "../api/late_report.ts";
export type {
  NodeKind,
  Observer,
  Progress,
  Span,
  SpanEnd,
  SpanObserver,
  Watcher,
} from "../api/observer.ts";
export { all } from "./all.ts";
export {
  type EndEvent,
  events,
  type ProgressEvent,
  type RunEvent,
  type SpanEvent,
  type StartEvent,
} from "./events.ts";
export { observe } from "./observe.ts";
export { observeAll } from "./observe_all.ts";
