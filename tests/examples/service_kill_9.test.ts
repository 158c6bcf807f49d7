// Kills processes of examples/service at random moments of their orders: RUNSHEET_KILLS of them, by
// default a few. RUNSHEET_SEED, which a failure prints, chooses the moments.
import { after, before, describe, it } from "node:test";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { openDatabase } from "../../examples/service/database.ts";
import { type PaymentProvider, startPaymentProvider } from "../support/payment_provider.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { assertBalanced } from "../support/shop_balance.ts";
import { fromUrl, type Service, startService } from "../support/shop_service.ts";
import { startWire, type Wire } from "../support/wire.ts";

const { RUNSHEET_KILLS = "2", RUNSHEET_SEED = "1" } = process.env;
/** As many processes are killed side by side. */
const BATCH = 6;

interface Kind {
  card: string;
  quantity: number;
  /** What is decided about it, if it is so large that it has to be. */
  approved?: boolean;
  /** The status that it is answered with, whoever is killed. */
  ends: number;
}

const kinds: readonly Kind[] = [
  { card: "tok_ok", quantity: 1, ends: 200 },
  { card: "tok_declined", quantity: 1, ends: 402 },
  { card: "tok_flaky", quantity: 2, ends: 200 },
  { card: "tok_ok", quantity: 20, approved: true, ends: 200 },
  { card: "tok_ok", quantity: 20, approved: false, ends: 409 },
  { card: "tok_declined", quantity: 20, approved: true, ends: 402 },
];

/** When a process is killed. */
interface Moment {
  name: string;
  /** Whether a piece of what it sends or receives is the last one. */
  isLast: (piece: string, nth: number) => boolean;
  /** Whether the last piece still arrives, if the process has sent it. */
  arrives: boolean;
}

const randomMoments = fc.sample(
  fc.record({ n: fc.noBias(fc.integer({ min: 1, max: 600 })), arrives: fc.boolean() }),
  { numRuns: RUNSHEET_KILLS === "all" ? 50 : Number(RUNSHEET_KILLS), seed: Number(RUNSHEET_SEED) },
).map(({ n, arrives }): Moment => ({
  name: `at piece ${n} of seed ${RUNSHEET_SEED}`,
  isLast: (_piece, nth) => nth === n,
  arrives,
}));

const moments: readonly Moment[] = [
  sending("in a charge", "PUT /charges/", true),
  sending("in an undo of a charge", "DELETE /charges/", true),
  sending("in an undo of a reservation", "delete from orders", false),
  sending("in a wait that it has recorded", '"owner":""', true),
  ...randomMoments,
];

function sending(name: string, text: string, arrives: boolean): Moment {
  return { name, isLast: (piece) => piece.includes(text), arrives };
}

describe("examples/service, whose processes are killed,", () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  for (let from = 0; from < moments.length; from += BATCH) {
    const batch = moments.slice(from, from + BATCH);
    it(`ends every order as if they were not: ${batch.map(({ name }) => name)}`, async () => {
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
          assertEquals(ends, orders.map(({ ends }) => ends));
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
    PAYMENT_TIMEOUT: "600000",
    APPROVAL_FROM: "10000",
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
  const wireTo = async (url: string) => {
    const wire = await startWire(Number(new URL(url).port), async (piece, from) => {
      if (death) return false;
      if (!service || !moment.isLast(piece, ++pieces)) return true;
      death = service.kill();
      await death;
      return moment.arrives && from === "client";
    });
    wires.push(wire);
    return url.replace(/:\d+(?=\/|$)/, `:${wire.port}`);
  };
  const orders: Order[] = [];
  try {
    service = await startService(env(await wireTo(databaseUrl), await wireTo(provider.url)));
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

/** Places an order, and decides it if it has to be; returns the status of the first answer. */
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
