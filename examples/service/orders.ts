// The orders that are being placed: each is a durable run of `placeOrder`, whose id is the order's.
import { type Durable, durable } from "@runsheet/runsheet/durable";
import { ShopError } from "./errors.ts";
import { limits } from "./limits.ts";
import { log } from "./log.ts";
import { type Order, placeOrder, type Services } from "./place_order.ts";
import { runStore } from "./run_store.ts";

export type Orders = Durable<Order, { orderId: string; total: number }>;

export function ordersOf(services: Services): Orders {
  return durable(placeOrder(services), {
    store: runStore(services.db),
    errors: [ShopError],
    leaseMs: limits.lease,
    onLate: ({ step, outcome }) => log("late", { step, outcome }),
  });
}
