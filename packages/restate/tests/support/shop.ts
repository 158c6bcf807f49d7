import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { codec, type RunEnd } from "@runsheet/runsheet/durable";
import { openDatabase } from "../../../../examples/service/database.ts";
import { codeOf, ShopError } from "../../../../examples/service/errors.ts";
import { startPaymentProvider } from "../../../../tests/support/payment_provider.ts";
import type { Moment } from "../../../../tests/support/kill_moments.ts";
import type { Postgres } from "../../../../tests/support/postgres.ts";
import { assertBalanced } from "../../../../tests/support/shop_balance.ts";
import { type Kind, kinds, limits } from "../../../../tests/support/shop_orders.ts";
import { type Wire, wireTo } from "../../../../tests/support/wire.ts";
import type { Server } from "./server.ts";
import { Worker } from "./worker.ts";

// Its workers inherit them.
Object.assign(process.env, limits);

/**
 * Kills a worker that places orders; asserts that another one ends them, and that the books
 * balance.
 */
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

  function wired(url: string): Promise<string> {
    return wireTo(url, wires, (piece, from) => {
      if (replaced) return false;
      if (!moment.isLast(piece, ++pieces)) return true;
      replaced = replace();
      return moment.arrives && from === "client";
    });
  }

  async function endOf({ card, quantity, approved }: Kind): Promise<string> {
    const order = { orderId: crypto.randomUUID(), sku: "mug", quantity, card };
    const run = `${name}/${order.orderId}`;
    if (approved !== undefined) {
      await server.call(`${run}/send`, { name: "decision", data: { approved, by: "ann" } });
    }
    const end = codec([ShopError]).decode(await server.call(`${run}/run`, order)) as RunEnd;
    return end.success ? "confirmed" : codeOf(end.error);
  }

  try {
    const urls = await Promise.all([databaseUrl, provider.url].map(wired));
    worker = await Worker.begin("shop_worker", [name, ...urls]);
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
