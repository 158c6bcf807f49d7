// The checkout as bare awaits: no validation, no freezing, no undo, no result.
import type { Contender } from "../harness.ts";
import { type Bought, type Order, orders, type Work } from "../work.ts";
import { never } from "./hand_written.ts";

async function checkout(
  { price, charge, confirm }: Work<boolean>,
  order: Order,
): Promise<Bought> {
  const priced = { ...order, ...await price(order, never) };
  const charged = { ...priced, ...await charge(priced, never) };
  return { ...charged, ...await confirm(charged, never) };
}

export function bare(work: Work<boolean>): Contender {
  const next = orders();
  return { name: "bare awaits", run: () => checkout(work, next()), outcome: (data) => data };
}
