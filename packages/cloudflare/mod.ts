/**
 * Durable runs of runsheet's pipelines on Cloudflare Workflows.
 *
 * @example A Workflow of a pipeline
 * ```ts ignore
 * import { WorkflowEntrypoint } from "cloudflare:workers";
 * import { cloudflare } from "@runsheet/cloudflare";
 * import { checkout } from "./checkout.ts";
 *
 * export class Checkout extends cloudflare(WorkflowEntrypoint, checkout) {}
 * ```
 *
 * @module
 */
export { cloudflare, type CloudflareOptions, type RunEntrypoint } from "./src/cloudflare.ts";
export { type CloudflareDeps } from "./src/deps.ts";
export { cancel, send } from "./src/messages.ts";
export type {
  EntrypointClass,
  Workflow,
  WorkflowEvent,
  WorkflowInstance,
  WorkflowStep,
} from "./src/platform.ts";
