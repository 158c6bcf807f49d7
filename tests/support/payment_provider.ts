import { serve } from "@hono/node-server";
import { Hono } from "hono";
import postgres from "postgres";
import { type Deferred, deferred } from "./deferred.ts";

/** A payment provider with its books in PostgreSQL. */
export interface PaymentProvider {
  url: string;
  /** Resolves when a charge of the card is stalled. */
  stalled: (card: string) => Promise<void>;
  /**
   * Releases stalled requests. Resolves when all requests are done, including those that no one
   * waits for.
   */
  settled: () => Promise<void>;
  stop: () => Promise<void>;
}

/**
 * The card determines its behaviour: `tok_ok`, `tok_declined` or `tok_flaky`. A card starting with
 * `tok_slow` is charged without an answer, and one starting with `tok_late` is charged long after
 * its client has given up: both are stalled until the provider is released.
 */
export async function startPaymentProvider(databaseUrl: string): Promise<PaymentProvider> {
  const db = postgres(databaseUrl, { max: 5, onnotice: () => {} });
  await db`create table provider_charges (key text primary key, amount integer, kept boolean)`;
  const app = new Hono();
  const underWay = new Set<Promise<void>>();
  const gate = deferred();
  const stalls = new Map<string, Deferred<void>>();
  const stallOf = (card: string) => {
    const stall = stalls.get(card) ?? deferred();
    stalls.set(card, stall);
    return stall;
  };
  const settled = async () => {
    gate.resolve();
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
    const stall = async () => {
      stallOf(card).resolve();
      await gate.promise;
    };
    if (card === "tok_declined") return c.body(null, 402);
    if (card.startsWith("tok_late")) await stall();
    await db`
      insert into provider_charges values (${key}, ${amount}, true) on conflict do nothing`;
    if (card.startsWith("tok_slow")) await stall();
    if (card === "tok_flaky" && !key.includes("~")) return c.body(null, 503);
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
        stalled: (card) => stallOf(card).promise,
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
