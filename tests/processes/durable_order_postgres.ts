// Runs an order durably over PostgreSQL, and kills its own process at a moment.
import process from "node:process";
import postgres from "postgres";
import { runOrder } from "../support/durable_order.ts";
import { postgresStore } from "../support/postgres_store.ts";

const [, , url = "", runId = "", killAt = ""] = process.argv;
const sql = postgres(url, { max: 2 });
const books = {
  store: postgresStore(sql),
  add: async (key: string, name: string) =>
    await sql`insert into effects values (${key}, ${name}, 0) on conflict do nothing`,
  undo: async (key: string) => await sql`update effects set undone = undone + 1 where key = ${key}`,
};
await runOrder(books, runId, killAt);
await sql.end();
