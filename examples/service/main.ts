// Serves the shop on Deno, Node and Bun, configured by DATABASE_URL, PAYMENTS_URL and PORT; see
// limits.ts for time limits.
import { serve } from "@hono/node-server";
import process from "node:process";
import { makeService } from "./app.ts";
import { openDatabase } from "./database.ts";
import { log } from "./log.ts";
import { Payments } from "./payments.ts";

const { DATABASE_URL = "", PAYMENTS_URL = "", PORT = "8080" } = process.env;
const db = await openDatabase(DATABASE_URL);
const { app, settled } = makeService({ db, payments: new Payments(PAYMENTS_URL) });
const server = serve(
  { fetch: app.fetch, port: Number(PORT) },
  ({ port }) => log("ready", { port }),
);

process.once("SIGTERM", () => {
  log("stopping", {});
  server.close(async () => {
    await settled(); // also what is undone for clients that have left
    await db.end();
    log("stopped", {});
  });
});
