// Gives DBOS and `dbos` input that they must refuse, and prints their answers.
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk";
import { dbos } from "@runsheet/dbos";
import { pipeline, type Result, step, waitFor } from "@runsheet/runsheet";
import { type } from "arktype";

const [, , systemDatabaseUrl = "", emptyUrl = ""] = process.argv;
const told: Record<string, unknown> = {};
const made: string[] = [];
const warnings: string[] = [];

const effect = (name: string) =>
  step({
    name,
    run: () => {
      made.push(name);
      return { [name]: name };
    },
    rollback: () => void made.push(`undo ${name}`),
  });
const [reserve, charge, ship] = [effect("reserve"), effect("charge"), effect("ship")];
const approval = waitFor("approval", { timeout: 3_600_000 });
const orderOf = (...steps: [typeof reserve, ...(typeof reserve)[]]) =>
  pipeline({ name: "order", steps });

function config(url: string, more = {}) {
  const logger = {
    info: () => {},
    debug: () => {},
    warn: (text: unknown) => void warnings.push(String(text)),
    error: (text: unknown) => void (told.log = String(text)),
  };
  DBOS.setConfig({
    name: "shop",
    applicationVersion: "shop 1",
    systemDatabaseUrl: url,
    logger,
    ...more,
  });
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => "", (error) => error.message);
}

function refusalOf(make: () => unknown): string {
  try {
    return String(make());
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

function errorOf(result: Result<unknown>): string {
  return result.success ? "" : `${result.failedStep}: ${result.error.message}`;
}

/** Another process, as far as DBOS knows. */
async function launched(work: () => Promise<void>, more = {}): Promise<void> {
  config(systemDatabaseUrl, more);
  await DBOS.launch();
  await work();
  await DBOS.shutdown({ deregister: true });
}

config("postgres://postgres@127.0.0.1:1/nowhere");
told.nowhere = await messageOf(DBOS.launch());
await DBOS.shutdown({ deregister: true });
config(emptyUrl, { runMigrations: false });
told.empty = await messageOf(DBOS.launch());
await DBOS.shutdown({ deregister: true });

let orders = dbos(orderOf(reserve, approval, charge));
const large = step({
  name: "large",
  run: () => ({ text: "x".repeat(34_000_000) }),
  rollback: () => void made.push("undo large"),
});
const exports = dbos(pipeline({ name: "export", steps: [large] }));
const refunds = dbos(pipeline({ name: "refund", steps: [reserve] }));
told.twice = refusalOf(() => dbos(orderOf(reserve)));
const runId = "order-1";
const foreignId = "order-0";
told.notLaunched = errorOf(await orders.run({}, { runId }));

await launched(async () => {
  const client = await DBOSClient.create({ systemDatabaseUrl });
  const foreign = { workflowName: "order", workflowID: foreignId, queueName: "nobody's" };
  await client.enqueue(foreign, { sku: "tea" });
  await client.destroy();
  told.late = refusalOf(() => dbos(pipeline({ name: "late", steps: [reserve] })));
  told.unknown = await messageOf(orders.send("nothing", "approval"));
  told.unnamed = await messageOf(orders.send(runId, ""));
  told.nobody = await messageOf(orders.cancel(undefined as never));
  told.data = await messageOf(orders.send(runId, "approval", { by: () => "ann" }));
  told.reason = await messageOf(orders.cancel(runId, new URL("db://")));
  told.noId = errorOf(await orders.run({}, { runId: "" }));
  told.args = errorOf(await orders.run({ db: new URL("db://") }, { runId: "order-2" }));
  told.nul = errorOf(await orders.run({}, { runId: "\0" }));
  told.foreign = errorOf(await orders.run({ sku: "tea" }, { runId: foreignId }));
  told.large = errorOf(await exports.run({}, { runId: "export-1" }));
  told.isUndone = made.shift() === "undo large";
  void orders.run({ sku: "tea" }, { runId });
  while (made.length === 0) await setTimeout(5);
  told.otherArgs = errorOf(await orders.run({ sku: "mug" }, { runId }));
  told.otherPipeline = errorOf(await refunds.run({ sku: "tea" }, { runId }));
  told.otherSend = await messageOf(refunds.send(runId, "approval"));
  told.otherCancel = await messageOf(refunds.cancel(runId));
});

orders = dbos(orderOf(reserve, approval, charge));
await launched(async () => {
  void orders.run({ sku: "tea" }, { runId });
  while (!warnings.at(-1)?.startsWith("Cannot")) await setTimeout(5);
}, { applicationVersion: "shop 2" });

const waits = dbos(pipeline({ name: "wait", steps: [waitFor("event", { timeout: 1_200 })] }));
const waitId = "wait-1";
let waiting: Promise<unknown>;
await launched(async () => {
  waiting = waits.run({}, { runId: waitId });
  const hasBegun = async () => (await DBOS.listWorkflowSteps(waitId))?.length;
  while (!await hasBegun()) await setTimeout(5);
});
await launched(async () => {
  await waiting;
  told.isOpen = (await DBOS.getWorkflowStatus(waitId))?.status !== "CANCELLED";
});

orders = dbos(orderOf(reserve, approval));
await launched(async () => {
  told.removed = errorOf(await orders.run({ sku: "tea" }, { runId }));
  told.removedLog = told.log;
});

orders = dbos(orderOf(ship, reserve, approval, charge));
await launched(async () => {
  await DBOS.resumeWorkflow(runId);
  told.added = errorOf(await orders.run({ sku: "tea" }, { runId }));
});

const clients = pipeline({
  name: "order",
  deps: type({ db: "object" }),
  steps: [reserve, approval, charge],
});
orders = dbos(clients, { deps: {} as { db: object } });
await launched(async () => {
  await DBOS.resumeWorkflow(runId);
  told.deps = errorOf(await orders.run({ sku: "tea" }, { runId }));
  const state = await DBOS.getWorkflowStatus(runId);
  told.stopped = { status: state?.status, attempts: state?.recoveryAttempts };
});

orders = dbos(orderOf(reserve, approval, charge));
await launched(async () => {
  for (const other of [null, 5, "approval", { evnt: "approval" }, { event: "" }, {}, [{}]]) {
    await DBOS.send(runId, other, "runsheet");
  }
  await orders.send(runId, "approval", {});
  await DBOS.resumeWorkflow(runId);
  const result = await orders.run({ sku: "tea" }, { runId });
  told.ended = result.success && result.data;
  told.again = (await orders.run({ sku: "tea" }, { runId })).success;
  told.made = made;
  told.warnings = warnings.filter((text) => text.startsWith("Cannot"));
});

const { log: _, ...all } = told;
console.log(JSON.stringify(all));
process.exit();
