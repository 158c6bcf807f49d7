// Kills processes of examples/service at random moments of their orders: RUNSHEET_KILLS of them, by
// default a few. RUNSHEET_SEED, which a failure prints, chooses the moments.
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { assertEquals } from "@std/assert";
import { openDatabase } from "../../examples/service/database.ts";
import { type Moment, namedMoments, passing, randomMoments } from "../support/kill_moments.ts";
import { type PaymentProvider, startPaymentProvider } from "../support/payment_provider.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { assertBalanced } from "../support/shop_balance.ts";
import { type Kind, kinds, limits } from "../support/shop_orders.ts";
import { fromUrl, type Service, startService } from "../support/shop_service.ts";
import { type Wire, wireTo } from "../support/wire.ts";

/** The number of processes that are killed side by side. */
const BATCH = 6;

/** The answer for each end of an order. */
const STATUS = { confirmed: 200, CARD_DECLINED: 402, REJECTED: 409 };

const moments: readonly Moment[] = [
  ...namedMoments,
  passing("in a wait that it has recorded", '"owner":""', true),
  ...randomMoments(2, { min: 1, max: 600 }),
];

describe("examples/service, whose processes are killed,", () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  for (let from = 0; from < moments.length; from += BATCH) {
    const batch = moments.slice(from, from + BATCH);
    it(`ends every order as if they had not been: ${batch.map(({ name }) => name)}`, async () => {
      const databaseUrl = await server.newDatabase();
      const provider = await startPaymentProvider(databaseUrl);
      const db = await openDatabase(databaseUrl);
      await db`insert into products (sku, price, stock) values ('mug', 700, 1000000)`;
      try {
        const orders = (await Promise.all(
          batch.map((moment) => ordersUntilKilled(moment, databaseUrl, provider)),
        )).flat();
        const heir = await startService({
          ...env(databaseUrl, provider.url),
          RESUME_EVERY: "100",
        });
        try {
          const ends = await Promise.all(orders.map((order) => endOf(order, heir.url)));
          assertEquals(ends, orders.map(({ ends }) => STATUS[ends]));
          const runs: { state: string }[] = await (await fetch(`${heir.url}/orders`)).json();
          assertEquals(runs.filter(({ state }) => !/succeeded|failed/.test(state)), []);
        } finally {
          await heir.end();
        }
        await assertBalanced(db, { mug: 1_000_000 });
      } finally {
        await db.end();
        await provider.stop();
      }
    });
  }
});

function env(databaseUrl: string, paymentsUrl: string): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    PAYMENTS_URL: paymentsUrl,
    ...limits,
    LEASE: "1000",
  };
}

type Order = Kind & { orderId: string };

/** Lets clients order at a process until it is killed. Returns their orders. */
async function ordersUntilKilled(
  moment: Moment,
  databaseUrl: string,
  provider: PaymentProvider,
): Promise<Order[]> {
  let service: Service | undefined;
  let pieces = 0;
  let death: Promise<void> | undefined;
  const wires: Wire[] = [];
  const wired = (url: string) =>
    wireTo(url, wires, async (piece, from) => {
      if (death) return false;
      if (!service || !moment.isLast(piece, ++pieces)) return true;
      death = service.kill();
      await death;
      return moment.arrives && from === "client";
    });
  const orders: Order[] = [];
  try {
    service = await startService(env(await wired(databaseUrl), await wired(provider.url)));
    while (!death) {
      const round = kinds.map((kind) => ({ ...kind, orderId: crypto.randomUUID() }));
      orders.push(...round);
      // The clients of a process that is killed get no answer.
      await Promise.allSettled(round.map((order) => place(order, service!.url)));
    }
    await death;
  } finally {
    for (const wire of wires) await wire.stop();
  }
  return orders;
}

/** Places an order, and decides it if necessary; returns the status of the first answer. */
async function place(order: Order, url: string): Promise<number> {
  const { approved, orderId, sku = "mug", card, quantity } = { sku: "mug", ...order };
  const { status } = await post(`${url}/orders`, { orderId, sku, card, quantity });
  if (status === 202) await post(`${url}/orders/${orderId}/decision`, { approved, by: "ann" });
  return status;
}

/** Asks again and again, as a client does, until the order has ended; returns its status. */
async function endOf(order: Order, url: string): Promise<number> {
  for (;;) {
    const status = await place(order, url);
    if (status !== 202) return status;
    await setTimeout(50);
  }
}

function post(url: string, body: object) {
  return fromUrl(url, { method: "POST", body: JSON.stringify(body) });
}
