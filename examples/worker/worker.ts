// A shop on Cloudflare Workers: POST /checkout runs the pipeline, GET /stock/:sku returns the
// remaining stock.
import { otel } from "@runsheet/otel";
import { isRunsheetError } from "@runsheet/runsheet";
import { all } from "@runsheet/runsheet/observe";
import { Hono } from "hono";
import type { Services } from "./args.ts";
import { checkout } from "./checkout.ts";
import { codeOf, log, logSteps } from "./log.ts";
import { Refusal } from "./post.ts";
import { sendSpans } from "./tracing.ts";

interface Bindings extends Services {
  /** The URL at which the collector of OpenTelemetry takes spans. */
  OTLP_URL: string;
}

const app: Hono<{ Bindings: Bindings }> = new Hono();
const observer = all(logSteps, otel());

app.post("/checkout", async (c) => {
  const order: unknown = await c.req.json().catch(() => undefined);
  const runId = crypto.randomUUID();
  const waitUntil = (work: Promise<unknown>) =>
    c.executionCtx.waitUntil(work.finally(() => sendSpans(c.env.OTLP_URL)));
  const run = checkout.runUnknown({ order }, {
    deps: { services: c.env },
    runId,
    observer,
    signal: c.req.raw.signal, // aborts when the client hangs up
    waitUntil, // for attempts that land after the response
  });
  // When the client hangs up, the Worker is stopped in the middle of the rollback unless it may
  // continue to the end.
  waitUntil(run);
  const result = await run;
  const status = result.success ? 201 : statusOf(result.error);
  log("request", {
    runId,
    status,
    ...!result.success && {
      error: codeOf(result.error),
      failedStep: result.failedStep,
      notUndone: result.rollback.failed.map(({ step }) => step), // wake somebody up
    },
  });
  const body = result.success
    ? { chargeId: result.data.chargeId }
    : { error: result.error.message };
  return c.json(body, status, { "x-run-id": runId }); // for questions from customers
});

app.get("/stock/:sku", (c) => c.env.STOCK.fetch(`https://service/stock/${c.req.param("sku")}`));

function statusOf(error: Error): 400 | 402 | 409 | 502 | 504 {
  if (isRunsheetError(error, "ARGS_VALIDATION")) return 400;
  if (isRunsheetError(error, "TIMEOUT")) return 504;
  if (error instanceof Refusal && (error.status === 402 || error.status === 409)) {
    return error.status;
  }
  return 502;
}

export default app;
