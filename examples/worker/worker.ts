// A shop on Cloudflare Workers: POST /checkout runs the pipeline, GET /stock/:sku returns the
// remaining stock.
import { isRunsheetError } from "@runsheet/runsheet";
import { Hono } from "hono";
import type { Services } from "./args.ts";
import { checkout } from "./checkout.ts";
import { Refusal } from "./post.ts";

const app: Hono<{ Bindings: Services }> = new Hono();

app.post("/checkout", async (c) => {
  const order: unknown = await c.req.json().catch(() => undefined);
  const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const run = checkout.runUnknown({ order, services: c.env }, {
    signal: c.req.raw.signal, // aborts when the client hangs up
    waitUntil, // for what lands after the response
    onLate: ({ step, outcome }) => console.log(`late: ${step}: ${outcome}`),
  });
  // When the client hangs up, the Worker is stopped in the middle of the rollback unless it may
  // continue to the end.
  waitUntil(run);
  const result = await run;
  if (result.success) return c.json({ chargeId: result.data.chargeId }, 201);
  for (const { step, error } of result.rollback.failed) console.error(`not undone: ${step}`, error);
  return c.json({ error: result.error.message }, statusOf(result.error));
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
