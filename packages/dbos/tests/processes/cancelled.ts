// Cancels a run while a call is in flight, after another process has taken it over.
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { dbos } from "@runsheet/dbos";
import { pipeline, step } from "@runsheet/runsheet";

const [, , systemDatabaseUrl = ""] = process.argv;
const runId = "order-1";
const made: string[] = [];

const reserve = step({
  name: "reserve",
  run: () => void made.push("reserve"),
  rollback: () => void made.push("undo reserve"),
});
const pack = step({
  name: "pack",
  run: async (_ctx, { signal }) => {
    made.push("pack");
    await new Promise((_, reject) => signal.addEventListener("abort", reject));
  },
});

/** Another process, as far as DBOS knows; it has begun to pack. */
async function launched() {
  // Counted before the launch, which resumes runs and may pack at once.
  const packed = made.filter((name) => name === "pack").length;
  const orders = dbos(pipeline({ name: "order", steps: [reserve, pack] }));
  DBOS.setConfig({
    name: "shop",
    applicationVersion: "shop 1",
    systemDatabaseUrl,
    logLevel: "error",
  });
  await DBOS.launch();
  const running = orders.run({}, { runId });
  while (made.filter((name) => name === "pack").length === packed) await setTimeout(5);
  return { orders, running };
}

await launched();
const hasLooked = async () =>
  (await DBOS.listWorkflowSteps(runId))?.some(({ name }) => name === "DBOS.recv");
while (!await hasLooked()) await setTimeout(20);
await DBOS.shutdown({ deregister: true });

const { orders, running } = await launched();
await orders.send(runId, "another event");
await orders.cancel(runId, "changed my mind");
const result = await running;
const steps = await DBOS.listWorkflowSteps(runId) ?? [];
const isAllRead = steps.every(({ name, output }, n) =>
  name !== "DBOS.recv" || output === null || steps[n + 1]?.name === name
);
const told = result.success
  ? {}
  : { message: result.error.message, failedStep: result.failedStep, ...result.rollback };
console.log(JSON.stringify({ ...told, made, isAllRead }));
process.exit();
