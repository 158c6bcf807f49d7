// The service itself, for any runtime: one pipeline per endpoint.
import type { CheckedPipeline, Result } from "@runsheet/runsheet";
import { all, events, type Watcher } from "@runsheet/runsheet/observe";
import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { cancelOrder } from "./cancel_order.ts";
import type { Database } from "./database.ts";
import { codeOf, statusOf } from "./errors.ts";
import { importProducts } from "./import_products.ts";
import { log, logSteps } from "./log.ts";
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
    observer?: Watcher,
  ): Promise<Response> {
    const start = performance.now();
    const runId = crypto.randomUUID();
    const running: Promise<Result<Data>> = runUnknown(args, {
      runId,
      signal: c.req.raw.signal,
      onLate: ({ step, outcome }) => log("late", { runId, step, outcome }),
      waitUntil: track,
      observer: observer ? all(logSteps, observer) : logSteps,
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

  /** Answers with events: the progress of a run, and in the end what `answer` would have said. */
  function follow<Data extends object>(
    c: Context,
    pipeline: Pick<CheckedPipeline<string, never, Data>, "name" | "runUnknown">,
    args: object,
  ): Response {
    return streamSSE(c, async (stream) => {
      const observer = events((event) => {
        if (event.type !== "progress") return;
        const { done, failed, total = done } = event;
        // A hundred events are enough for any import.
        if (done % Math.ceil(total / 100) > 0 && done < total) return;
        stream.writeSSE({ event: "progress", data: JSON.stringify({ done, failed, total }) });
      });
      const response = await answer(c, pipeline, args, observer);
      const event = response.ok ? "done" : "failed";
      await stream.writeSSE({ event, data: await response.text() });
    });
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
    const args = { ...await bodyOf(c), ...services };
    const wantsEvents = c.req.header("accept") === "text/event-stream";
    return wantsEvents ? follow(c, importProducts, args) : await answer(c, importProducts, args);
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
