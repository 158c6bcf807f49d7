import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { codec, type RunEnd } from "@runsheet/runsheet/durable";
import { openDatabase } from "../../../../examples/service/database.ts";
import { codeOf, ShopError } from "../../../../examples/service/errors.ts";
import { startPaymentProvider } from "../../../../tests/support/payment_provider.ts";
import type { Postgres } from "../../../../tests/support/postgres.ts";
import { assertBalanced } from "../../../../tests/support/shop_balance.ts";
import { startWire, type Wire } from "../../../../tests/support/wire.ts";
import type { Server } from "./server.ts";
import { Worker } from "./worker.ts";

/** When a worker is killed. */
export interface Moment {
  readonly name: string;
  /** Whether a piece of what it sends or receives is the last one. */
  readonly isLast: (piece: string, nth: number) => boolean;
  /** Whether the last piece still arrives, if the worker has sent it. */
  readonly arrives: boolean;
  /** Whether all orders may have ended before. */
  readonly isRandom?: boolean;
}

// The limits of the shop, which its workers inherit: no payment takes too long.
Object.assign(process.env, { PAYMENT_TIMEOUT: "600000", APPROVAL_FROM: "10000" });

const kinds = [
  { card: "tok_ok", quantity: 1, ends: "confirmed" },
  { card: "tok_declined", quantity: 1, ends: "CARD_DECLINED" },
  { card: "tok_flaky", quantity: 2, ends: "confirmed" },
  { card: "tok_ok", quantity: 20, approved: true, ends: "confirmed" },
  { card: "tok_ok", quantity: 20, approved: false, ends: "REJECTED" },
  { card: "tok_declined", quantity: 20, approved: true, ends: "CARD_DECLINED" },
];

/** Kills a worker that places orders; asserts that another one ends them, and that all balances. */
export async function assertBalances(
  server: Server,
  postgres: Postgres,
  moment: Moment,
): Promise<void> {
  const databaseUrl = await postgres.newDatabase();
  const provider = await startPaymentProvider(databaseUrl);
  const db = await openDatabase(databaseUrl);
  await db`insert into products (sku, price, stock) values ('mug', 700, 1000000)`;
  const name = `shop-${crypto.randomUUID()}`;
  const wires: Wire[] = [];
  let worker: Worker | undefined;
  let pieces = 0;
  let replaced: Promise<void> | undefined;

  async function replace(): Promise<void> {
    await worker!.kill();
    worker!.start([name, databaseUrl, provider.url]);
  }

  async function wireTo(url: string): Promise<string> {
    const wire = await startWire(Number(new URL(url).port), (piece, from) => {
      if (replaced) return false;
      if (!moment.isLast(piece, ++pieces)) return true;
      replaced = replace();
      return moment.arrives && from === "client";
    });
    wires.push(wire);
    return url.replace(/:\d+(?=\/|$)/, `:${wire.port}`);
  }

  async function endOf({ card, quantity, approved }: typeof kinds[number]): Promise<string> {
    const order = { orderId: crypto.randomUUID(), sku: "mug", quantity, card };
    const run = `${name}/${order.orderId}`;
    if (approved !== undefined) {
      await server.call(`${run}/send`, { name: "decision", data: { approved, by: "ann" } });
    }
    const end = codec([ShopError]).decode(await server.call(`${run}/run`, order)) as RunEnd;
    return end.success ? "confirmed" : codeOf(end.error);
  }

  try {
    const wired = await Promise.all([databaseUrl, provider.url].map(wireTo));
    worker = await Worker.begin("shop_worker", [name, ...wired]);
    await server.register(worker.uri);
    const ends = await Promise.all(kinds.map(endOf));
    assert(replaced || moment.isRandom, `it must be killed ${moment.name}`);
    assertEquals(ends, kinds.map(({ ends }) => ends), moment.name);
    await assertBalanced(db, { mug: 1_000_000 });
  } finally {
    await replaced;
    await worker?.kill();
    for (const wire of wires) await wire.stop();
    await db.end();
    await provider.stop();
  }
}
