/**
 * Pictures of a flow: the parts of a pipeline as data, for Mermaid and for Graphviz.
 *
 * @example A flow for a README
 * ```ts
 * import { pipeline, step, when } from "@runsheet/runsheet";
 * import { mermaid } from "@runsheet/runsheet/graph";
 *
 * const charge = step({ name: "charge", run: () => {}, rollback: () => {} });
 * const gift = step({ name: "gift", run: () => {} });
 * console.log(mermaid(pipeline({ name: "checkout", steps: [charge, when(() => true, gift)] })));
 * ```
 *
 * @module
 */
export type { NodeKind, Progress, Span, SpanEnd } from "../api/observer.ts";
export { describe, type Described, type DescribedPolicy, type DescribedRetry } from "./describe.ts";
export { dot } from "./dot.ts";
export type { GraphOptions } from "./looks.ts";
export { mermaid } from "./mermaid.ts";
export type { TimedSpan } from "../timeline/timeline.ts";
