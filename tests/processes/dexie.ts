// Runs everything inside transactions of Dexie, which replaces the global `Promise` there. Prints
// the outcome, and the number of rows left by a run that failed and was undone in the transaction.
import process from "node:process";
import { Dexie } from "dexie";
import { IDBKeyRange, indexedDB } from "fake-indexeddb";
import { pipeline, step } from "@runsheet/runsheet";
import { places } from "../support/effects/places.ts";

// Passed, not global: on Bun, Dexie is loaded before the globals exist.
const db = new Dexie("orders", { indexedDB, IDBKeyRange });
db.version(1).stores({ orders: "++id" });
const orders = db.table("orders");
/** Awaiting anything else ends the transaction. */
const pass = async (ms: number) => {
  for (let n = 0; n < ms; n++) await orders.count();
};
const told: Record<string, string> = {};
for (const [name, place] of Object.entries(places)) {
  if (name === "a step that is given up, and undone late") continue; // it waits for a timer
  await db.transaction("rw", orders, async () => {
    if (Promise.name === "Promise") throw new Error("Dexie has not swapped the global");
    told[name] = await place(pass);
  }).catch((error) => {
    // Dexie loses track of several native promises at once, as it does in hand-written code.
    if (error.name !== "PrematureCommitError") throw error;
  });
}

const put = (name: string) =>
  step({
    name,
    retry: { count: 3 },
    run: async () => ({ [name]: await orders.add({ name }) }),
    rollback: async (_ctx, output) => await orders.delete(output[name]!),
  });
const fail = step({ name: "fail", run: () => Promise.reject(new Error("boom")) });
const p = pipeline({ name: "p", steps: [put("a"), put("b"), fail] });
await db.transaction("rw", orders, async () => void await p.run());
told["rows"] = `${await orders.count()} rows`;
console.log(JSON.stringify(told));
process.exit(); // Dexie leaves a channel open, which keeps Deno
