// The service itself, for any runtime: one pipeline per endpoint.
import type { RunState } from "@runsheet/runsheet/durable";
import { type } from "arktype";
import { type Context, Hono } from "hono";
import { answer, answerOf, follow, refusal } from "./answer.ts";
import { cancelOrder } from "./cancel_order.ts";
import type { Database } from "./database.ts";
import { decideOrder } from "./decide_order.ts";
import { codeOf, ShopError, statusOf } from "./errors.ts";
import { importProducts } from "./import_products.ts";
import { log, logRun } from "./log.ts";
import { ordersOf } from "./orders.ts";
import { ordersPage } from "./orders_page.ts";
import type { Payments } from "./payments.ts";
import { orderSchema } from "./place_order.ts";
import { UnderWay } from "./under_way.ts";

export interface Service {
  app: Hono;
  /** Continues the orders of processes that have died, and those whose wait has ended. */
  resume: () => Promise<void>;
  /** Leaves orders that wait for their approval to others; resolves when nothing is pending. */
  stop: () => Promise<void>;
}

export function makeService(services: { db: Database; payments: Payments }): Service {
  const underWay = new UnderWay();
  const asked = new EventTarget();
  const orders = ordersOf({
    ...services,
    onAsked: (orderId) => void asked.dispatchEvent(new Event(orderId)),
  });
  const resume = () =>
    underWay.track(
      orders.resume().then(
        (results) => results.forEach(logRun),
        (error) => log("resume", { error: codeOf(error) }),
      ),
    );

  const app = new Hono();
  app.get("/health", (c) => c.json({ underWay: underWay.size }));
  app.use((_c, next) => underWay.track(next()));
  app.post("/orders", async (c) => {
    // A client that gets no answer asks again with its own id, and gets an answer for the same
    // order.
    const order = orderSchema({ orderId: crypto.randomUUID(), ...await bodyOf(c) });
    if (order instanceof type.errors) throw new ShopError("ARGS_VALIDATION");
    const { orderId } = order;
    const accepted = () => c.json({ orderId }, 202); // it waits for its approval
    const [known] = await services.db`select status from orders where id = ${orderId}`;
    if (known?.status === "unapproved") return accepted();
    const waiting = new Promise<Response>((resolve) => {
      asked.addEventListener(orderId, () => resolve(accepted()), { once: true });
    });
    const ended = answerOf(orders.run(order, { runId: orderId, signal: c.req.raw.signal }));
    return await Promise.race([ended, waiting]);
  });
  // The state of the orders: as a page for browsers.
  const show = (c: Context, states: readonly RunState[] | RunState) =>
    c.req.header("accept")?.includes("text/html")
      ? c.html(ordersPage([states].flat()))
      : c.json(states);
  app.get("/orders", async (c) => {
    return show(c, await orders.list({ open: c.req.query("open") !== undefined }));
  });
  app.get("/orders/:id", async (c) => {
    const order = (await orders.list()).find(({ runId }) => runId === c.req.param("id"));
    if (!order) throw new ShopError("NO_SUCH_ORDER");
    return show(c, order);
  });
  app.post("/orders/:id/decision", async (c) => {
    const args = { ...await bodyOf(c), orderId: c.req.param("id") };
    const deps = { ...services, orders };
    const response = await answer(c, underWay, { pipeline: decideOrder, args, deps });
    if (response.ok) resume();
    return response;
  });
  app.post("/orders/:id/cancel", (c) => {
    const args = { orderId: c.req.param("id") };
    return answer(c, underWay, { pipeline: cancelOrder, args, deps: services });
  });
  app.post("/products/import", async (c) => {
    const request = { pipeline: importProducts, args: await bodyOf(c), deps: services };
    const wantsEvents = c.req.header("accept") === "text/event-stream";
    return await (wantsEvents ? follow : answer)(c, underWay, request);
  });
  app.onError((error) => {
    log("request", { status: statusOf(error), error: codeOf(error) });
    return refusal(error);
  });

  const stop = async () => {
    await orders.stop();
    await underWay.settled();
  };
  return { app, resume, stop };
}

/** The unchecked body; the pipeline validates it. */
async function bodyOf(c: Context): Promise<object> {
  return { ...await c.req.json().catch(() => undefined) };
}
