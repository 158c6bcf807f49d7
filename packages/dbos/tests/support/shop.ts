import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { openDatabase } from "../../../../examples/service/database.ts";
import type { Order } from "../../../../examples/service/place_order.ts";
import { startPaymentProvider } from "../../../../tests/support/payment_provider.ts";
import type { Postgres } from "../../../../tests/support/postgres.ts";
import { assertBalanced } from "../../../../tests/support/shop_balance.ts";
import { spawnFile } from "../../../../tests/support/spawn.ts";
import { startWire, type Wire } from "../../../../tests/support/wire.ts";
import { script } from "./script.ts";

/** An order, and what is decided about it if it is so large that it has to be. */
export interface Placed {
  readonly order: Order;
  readonly approved?: boolean | undefined;
}

/** When a process is killed. */
export interface Moment {
  readonly name: string;
  /** Whether a piece of what it sends or receives is the last one. */
  readonly isLast: (piece: string, nth: number) => boolean;
  /** Whether the last piece still arrives, if the process has sent it. */
  readonly arrives: boolean;
  /** Whether the process may end before. */
  readonly isRandom?: boolean;
}

// The limits of the shop, which its processes inherit: no payment takes too long.
Object.assign(process.env, { PAYMENT_TIMEOUT: "600000", APPROVAL_FROM: "10000" });

const kinds = [
  { card: "tok_ok", quantity: 1, ends: "confirmed" },
  { card: "tok_declined", quantity: 1, ends: "CARD_DECLINED" },
  { card: "tok_flaky", quantity: 2, ends: "confirmed" },
  { card: "tok_ok", quantity: 20, approved: true, ends: "confirmed" },
  { card: "tok_ok", quantity: 20, approved: false, ends: "REJECTED" },
  { card: "tok_declined", quantity: 20, approved: true, ends: "CARD_DECLINED" },
];

/** Kills a process that places orders; asserts that another one ends them, and that all balances. */
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
    const wireTo = async (url: string) => {
      const wire = await startWire(Number(new URL(url).port), (piece, from) => {
        if (isDead) return Promise.resolve(false);
        if (!moment.isLast(piece, ++pieces)) return Promise.resolve(true);
        isDead = true;
        kill();
        return Promise.resolve(moment.arrives && from === "client");
      });
      wires.push(wire);
      return url.replace(/:\d+(?=\/|$)/, `:${wire.port}`);
    };
    const urls = [server.url, databaseUrl, provider.url];
    const wired = await Promise.all(urls.map(wireTo));
    const work = (at: string[], onStart?: (pid: number) => void) =>
      spawnFile(script("shop_worker"), [name, ...at, JSON.stringify(placed)], {
        ...onStart && { onStart },
      });
    const first = await work(wired, (pid) => kill = () => process.kill(pid, "SIGKILL"));
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
