// Records the histories: `node record.ts`, on Node 24. They come from Temporal's worker and its
// sandbox, but from a stand-in for its server.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import proto from "@temporalio/proto";
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from "@temporalio/worker";
import { callsOf } from "./make_call.ts";
import { order, type Shop } from "./order.ts";
import { type Happening, StandInServer, type Start } from "./stand_in_server.ts";

const logger = new DefaultLogger("ERROR");
Runtime.install({
  logger,
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: "ERROR" }) } },
});

/** Bundles the workflows for the sandbox. */
export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  const workflowsPath = fileURLToPath(new URL("./workflows.ts", import.meta.url));
  return bundleWorkflowCode({ workflowsPath, logger });
}

const approve: Happening = { send: ["approval", { approvedBy: "ann" }] };

/** The orders, by the names of their histories. */
export const orders: Record<string, { card: string; happenings: Happening[] }> = {
  shipped: { card: "good", happenings: [approve] },
  retried: { card: "busy", happenings: [approve] },
  declined: { card: "stolen", happenings: [] },
  unanswered: { card: "good", happenings: [] },
  cancelled: { card: "good", happenings: ["cancel"] },
};

/** A history as JSON, and the effects in the shop. */
export interface Recorded {
  readonly history: string;
  readonly effects: readonly string[];
}

/** Carries out an order, and records its history. */
export function recordOrder(name: string, workflowBundle: WorkflowBundleWithSourceMap) {
  const { card, happenings } = orders[name]!;
  const args = [{ sku: "tea", card }];
  return record({ workflowId: name, workflowType: "order", args, happenings }, workflowBundle);
}

/** Carries out a workflow on a worker, and records its history. */
export async function record(
  start: Start,
  workflowBundle: WorkflowBundleWithSourceMap,
): Promise<Recorded> {
  const effects: string[] = [];
  const shop: Shop = {
    make: (effect, key) => void effects.push(`${effect} ${key}`),
    charge(card, attempt) {
      if (card === "stolen") throw new RangeError("the card is stolen");
      if (card === "busy" && attempt === 1) throw new Error("the bank is busy");
      return "payment 1";
    },
  };
  const server = new StandInServer(start);
  const connection = await NativeConnection.connect({ address: await server.listen() });
  try {
    const worker = await Worker.create({
      connection,
      taskQueue: "orders",
      workflowBundle,
      activities: { makeCall: callsOf(order, { shop }) },
      // Every task replays the whole history, as on another machine.
      maxCachedWorkflows: 0,
      // So that branches come in the same order every time.
      maxConcurrentActivityTaskExecutions: 1,
    });
    await worker.runUntil(server.ended.finally(() => server.release()));
  } finally {
    await connection.close();
    server.close();
  }
  const { History } = proto.temporal.api.history.v1;
  return { history: historyToJSON(History.fromObject({ events: server.events })), effects };
}

if (import.meta.main) {
  const bundle = await bundleWorkflows();
  for (const name of Object.keys(orders)) {
    const { history } = await recordOrder(name, bundle);
    const path = new URL(`./histories/${name}.json`, import.meta.url);
    await writeFile(path, `${history}\n`);
    console.log(`${name}: ${JSON.parse(history).events.length} events`);
  }
}
