import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { openDatabase } from "../../../../examples/service/database.ts";
import type { Order } from "../../../../examples/service/place_order.ts";
import { startPaymentProvider } from "../../../../tests/support/payment_provider.ts";
import type { Moment } from "../../../../tests/support/kill_moments.ts";
import type { Postgres } from "../../../../tests/support/postgres.ts";
import { assertBalanced } from "../../../../tests/support/shop_balance.ts";
import { kinds, limits } from "../../../../tests/support/shop_orders.ts";
import { spawnFile } from "../../../../tests/support/spawn.ts";
import { type Wire, wireTo } from "../../../../tests/support/wire.ts";
import { script } from "./script.ts";

/** An order, and the decision about it if it is so large that it needs one. */
export interface Placed {
  readonly order: Order;
  readonly approved?: boolean | undefined;
}

// Its processes inherit them.
Object.assign(process.env, limits);

/**
 * Kills a process that places orders; asserts that another one ends them, and that the books
 * balance.
 */
export async function assertBalances(server: Postgres, moment: Moment): Promise<void> {
  const databaseUrl = await server.newDatabase();
  const provider = await startPaymentProvider(databaseUrl);
  const db = await openDatabase(databaseUrl);
  await db`insert into products (sku, price, stock) values ('mug', 700, 1000000)`;
  const name = `shop ${crypto.randomUUID()}`;
  const placed = kinds.map(({ card, quantity, approved }): Placed => {
    const order = { orderId: crypto.randomUUID(), sku: "mug", quantity, card };
    return { order, approved };
  });
  const wires: Wire[] = [];
  try {
    let pieces = 0;
    let kill = () => {};
    let isDead = false;
    const wired = (url: string) =>
      wireTo(url, wires, (piece, from) => {
        if (isDead) return false;
        if (!moment.isLast(piece, ++pieces)) return true;
        isDead = true;
        kill();
        return moment.arrives && from === "client";
      });
    const urls = [server.url, databaseUrl, provider.url];
    const wiredUrls = await Promise.all(urls.map(wired));
    const work = (at: string[], onStart?: (pid: number) => void) =>
      spawnFile(script("shop_worker"), [name, ...at, JSON.stringify(placed)], {
        ...onStart && { onStart },
      });
    const first = await work(wiredUrls, (pid) => kill = () => process.kill(pid, "SIGKILL"));
    assert(isDead || moment.isRandom, `it must be killed ${moment.name}: ${first.stderr}`);
    const heir = await work(urls);
    assert(heir.stdout, heir.stderr);
    assertEquals(JSON.parse(heir.stdout), kinds.map(({ ends }) => ends), moment.name);
    await assertBalanced(db, { mug: 1_000_000 });
  } finally {
    for (const wire of wires) await wire.stop();
    await db.end();
    await provider.stop();
  }
}
