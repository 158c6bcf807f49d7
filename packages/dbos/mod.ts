/**
 * Runs of runsheet's pipelines as workflows of DBOS, which outlive their process.
 *
 * @example A pipeline as a workflow
 * ```ts ignore
 * import { DBOS } from "@dbos-inc/dbos-sdk";
 * import { dbos } from "@runsheet/dbos";
 * import { pipeline, step } from "@runsheet/runsheet";
 *
 * const charge = step({ name: "charge", run: () => ({ chargeId: "c1" }) });
 * const orders = dbos(pipeline({ name: "order", steps: [charge] }));
 *
 * DBOS.setConfig({
 *   name: "shop",
 *   applicationVersion: "shop 1",
 *   systemDatabaseUrl: "postgres://postgres@127.0.0.1:5432/shop",
 * });
 * await DBOS.launch();
 * await orders.run({}, { runId: "order-1" });
 * ```
 *
 * @module
 */
export { type Dbos, dbos } from "./src/dbos.ts";
export type { DbosOptions } from "./src/options.ts";
