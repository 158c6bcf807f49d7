/**
 * Runs runsheet's pipelines on Restate, which continues a run in another process if its own dies.
 *
 * @example A pipeline as a workflow of Restate's endpoint
 * ```ts
 * import { createEndpointHandler } from "@restatedev/restate-sdk";
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
 * // For `createServer` of node:http2; the SDK's `serve` does both.
 * const handler = createEndpointHandler({ services: [restate(order)] });
 * ```
 *
 * @module
 */
export { restate, type RestateHandlers, type Sent } from "./src/restate.ts";
export type { RestateOptions } from "./src/options.ts";
export { codecSerde } from "./src/serde.ts";
