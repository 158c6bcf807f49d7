import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { setTimeout } from "node:timers/promises";
import postgres from "postgres";

/** A payment provider that keeps its books in PostgreSQL. */
export interface PaymentProvider {
  url: string;
  /** Resolves when it is done with all that it was asked, also by those who did not wait for it. */
  settled: () => Promise<void>;
  stop: () => Promise<void>;
}

/** What it does is told by the card: `tok_ok`, `tok_declined`, `tok_flaky`, `tok_slow` and `tok_late`. */
export async function startPaymentProvider(databaseUrl: string): Promise<PaymentProvider> {
  const db = postgres(databaseUrl, { max: 5, onnotice: () => {} });
  await db`create table provider_charges (key text primary key, amount integer, kept boolean)`;
  const app = new Hono();
  const underWay = new Set<Promise<void>>();
  const settled = async () => {
    while (underWay.size > 0) await Promise.all(underWay);
  };
  app.use(async (_c, next) => {
    const work = next();
    underWay.add(work);
    await work.finally(() => underWay.delete(work));
  });

  app.put("/charges/:key", async (c) => {
    const key = c.req.param("key");
    const { card, amount } = await c.req.json();
    if (card === "tok_declined") return c.body(null, 402);
    // The client has given up by then, and has cancelled what is not there yet.
    if (card === "tok_late") await setTimeout(1_200);
    await db`
      insert into provider_charges values (${key}, ${amount}, true) on conflict do nothing`;
    if (card === "tok_slow") await setTimeout(1_400);
    if (card === "tok_flaky" && key.endsWith("@1")) return c.body(null, 503);
    return c.json({});
  });

  app.delete("/charges/:key", async (c) => {
    const key = c.req.param("key");
    await db`
      insert into provider_charges values (${key}, 0, false)
      on conflict (key) do update set kept = false`;
    return c.json({});
  });

  return await new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
      resolve({
        url: `http://127.0.0.1:${port}`,
        settled,
        stop: async () => {
          await settled();
          if ("closeAllConnections" in server) server.closeAllConnections();
          await new Promise((closed) => server.close(closed));
          await db.end();
        },
      });
    });
  });
}
