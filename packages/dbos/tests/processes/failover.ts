// Lets the database be read-only for a while, in which a call ends.
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { dbos } from "@runsheet/dbos";
import { pipeline, step } from "@runsheet/runsheet";
import postgres from "postgres";

const [, , systemDatabaseUrl = ""] = process.argv;
const made: string[] = [];
let log = "";
let isReadOnly = () => {};
const readOnly = new Promise<void>((resolve) => isReadOnly = resolve);

const reserve = step({
  name: "reserve",
  run: () => void made.push("reserve"),
  rollback: () => void made.push("undo reserve"),
});
const pack = step({
  name: "pack",
  run: async () => {
    made.push("pack");
    await readOnly;
    return { parcel: 1 };
  },
});
const orders = dbos(pipeline({ name: "order", steps: [reserve, pack] }));
const logger = {
  info: () => {},
  debug: () => {},
  warn: () => {},
  error: (text: unknown) => {
    if (String(text).startsWith("Cannot continue")) log = String(text);
  },
};
DBOS.setConfig({ name: "shop", applicationVersion: "shop 1", systemDatabaseUrl, logger });
await DBOS.launch();
const db = postgres(systemDatabaseUrl, { max: 1 });

/** As a server that has become a replica, or a primary again. */
async function setReadOnly(value: "on" | "off") {
  const [{ name }] = await db<[{ name: string }]>`select current_database() as name`;
  await db.unsafe(`begin; set transaction read write;
    alter database ${name} set default_transaction_read_only = ${value}; commit`);
  await db`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`;
}

const running = orders.run({}, { runId: "order-1" });
while (!made.includes("pack")) await setTimeout(5);
await setReadOnly("on");
isReadOnly();
while (log === "") await setTimeout(5);
await setReadOnly("off");
const result = await running;
// A connection from before may still be used once, and the call made again.
const names = [...new Set(made)];
console.log(JSON.stringify({ log, data: result.success && result.data, names }));
process.exit();
