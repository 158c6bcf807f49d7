/**
 * Pictures of runs: a page of HTML, and a tree of text.
 *
 * @example A page for each failed run
 * ```ts
 * import { step } from "@runsheet/runsheet";
 * import { html, timeline } from "@runsheet/runsheet/report";
 *
 * const observer = timeline({ keep: 100 });
 * const charge = step({ name: "charge", run: () => Promise.reject(new Error("declined")) });
 * await charge.run({}, { observer });
 *
 * for (const run of observer.runs.filter(({ end }) => end?.ok === false)) {
 *   console.log(`${run.span.runId}.html`, html(run).length);
 * }
 * ```
 *
 * @module
 */
export type { NodeKind, Progress, Span, SpanEnd, Watcher } from "../api/observer.ts";
export { html } from "./html.ts";
export { type TimedSpan, type Timeline, timeline, type TimelineOptions } from "./timeline.ts";
export { tree, type TreeOptions } from "./tree.ts";
