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

process.once("SIGTERM", async () => {
  log("stopping", {});
  clearInterval(resuming);
  const closed = new Promise((resolve) => server.close(resolve));
  await stop(); // also what is undone for clients that have left
  // The last answers are on their way. A connection that a client holds without a request, such as
  // one that a browser opens in advance, would keep the server open.
  setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), limits.answer);
  await closed;
  await stop(); // what came over connections that were open
  await db.end();
  await stopTracing();
  log("stopped", {});
  process.exit();
});
