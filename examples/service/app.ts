// The service itself, for any runtime: one pipeline per endpoint.
import type { CheckedPipeline, Result } from "@runsheet/runsheet";
import { type Context, Hono } from "hono";
import { cancelOrder } from "./cancel_order.ts";
import type { Database } from "./database.ts";
import { codeOf, statusOf } from "./errors.ts";
import { importProducts } from "./import_products.ts";
import { log } from "./log.ts";
import type { Payments } from "./payments.ts";
import { placeOrder } from "./place_order.ts";

export interface Service {
  app: Hono;
  /** Resolves when nothing is pending any more, including work that no client waits for. */
  settled: () => Promise<void>;
}

export function makeService(services: { db: Database; payments: Payments }): Service {
  const underWay = new Set<Promise<unknown>>();
  const track = (work: Promise<unknown>) => {
    underWay.add(work);
    work.finally(() => underWay.delete(work));
  };

  /**
   * Runs a pipeline until it ends or the client leaves, and answers with its data or its error's
   * code.
   */
  async function answer<Data extends object>(
    c: Context,
    { name, runUnknown }: Pick<CheckedPipeline<string, never, Data>, "name" | "runUnknown">,
    args: object, // for the pipeline to check
  ): Promise<Response> {
    const start = performance.now();
    const runId = crypto.randomUUID();
    const running: Promise<Result<Data>> = runUnknown(args, {
      runId,
      signal: c.req.raw.signal,
      onLate: ({ step, outcome }) => log("late", { runId, step, outcome }),
      waitUntil: track,
    });
    track(running);
    const result = await running;
    const status = result.success ? 200 : statusOf(result.error);
    log("request", {
      runId,
      pipeline: name,
      status,
      ms: Math.round(performance.now() - start),
      ...!result.success && {
        error: codeOf(result.error),
        failedStep: result.failedStep,
        undone: result.rollback.completed,
        notUndone: result.rollback.failed.map(({ step }) => step), // wake somebody up
      },
    });
    const body = result.success ? result.data : { error: codeOf(result.error) };
    return Response.json(body, { status });
  }

  const app = new Hono();
  app.post("/orders", async (c) => {
    const orderId = crypto.randomUUID();
    return await answer(c, placeOrder, { ...await bodyOf(c), ...services, orderId });
  });
  app.post("/orders/:id/cancel", (c) => {
    return answer(c, cancelOrder, { ...services, orderId: c.req.param("id") });
  });
  app.post("/products/import", async (c) => {
    return await answer(c, importProducts, { ...await bodyOf(c), ...services });
  });
  app.get("/health", (c) => c.json({ underWay: underWay.size }));

  return {
    app,
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

/** The unchecked body; the pipeline validates it. */
async function bodyOf(c: Context): Promise<object> {
  return { ...await c.req.json().catch(() => undefined) };
}
