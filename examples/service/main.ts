// Serves the shop on Deno, Node and Bun, configured by DATABASE_URL, PAYMENTS_URL and PORT; see
// limits.ts for limits, and tracing.ts for traces.
import { serve } from "@hono/node-server";
import { otel } from "@runsheet/otel";
import { all, observeAll } from "@runsheet/runsheet/observe";
import process from "node:process";
import { makeService } from "./app.ts";
import { openDatabase } from "./database.ts";
import { limits } from "./limits.ts";
import { log, logSteps } from "./log.ts";
import { Payments } from "./payments.ts";
import { startTracing } from "./tracing.ts";

const { DATABASE_URL = "", PAYMENTS_URL = "", PORT = "8080" } = process.env;
const stopTracing = startTracing();
observeAll(all(logSteps, otel()));
const db = await openDatabase(DATABASE_URL);
const { app, resume, stop } = makeService({ db, payments: new Payments(PAYMENTS_URL) });
const server = serve(
  { fetch: app.fetch, port: Number(PORT) },
  ({ port }) => log("ready", { port }),
);

const resuming = setInterval(resume, limits.resumeEvery);
resume();

process.once("SIGTERM", () => {
  log("stopping", {});
  clearInterval(resuming);
  server.close(async () => {
    await stop(); // also what is undone for clients that have left
    await db.end();
    await stopTracing();
    log("stopped", {});
    process.exit();
  });
});
