/**
 * Runs the pipelines of runsheet on Restate, which continues them in another process when theirs
 * dies.
 *
 * @example A pipeline as a workflow of Restate's endpoint
 * ```ts no-eval
 * import { serve } from "@restatedev/restate-sdk";
 * import { pipeline, step, waitFor } from "@runsheet/runsheet";
 * import { restate } from "@runsheet/restate";
 *
 * const reserve = step({
 *   name: "reserve",
 *   run: ({ sku }: { sku: string }) => ({ reservation: `one ${sku}` }),
 *   rollback: (_ctx, { reservation }) => console.log(`release ${reservation}`),
 * });
 * const order = pipeline({ name: "order", steps: [reserve, waitFor("approval")] });
 *
 * await serve({ services: [restate(order)], port: 9080 });
 * ```
 *
 * @module
 */
export { restate, type RestateHandlers, type Sent } from "./src/restate.ts";
export type { RestateOptions } from "./src/options.ts";
export { codecSerde } from "./src/serde.ts";
