// Cancels an order: refund the money, then put the goods back on the shelf.
//
// A refund cannot be undone, so nothing here is rolled back: this pipeline only goes forward. Every
// step can be repeated, and if one fails, the order stays 'cancelling' until the client asks again.
import { type CheckedDepsPipeline, deps, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";
import type { Database } from "./database.ts";
import { ShopError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Payments } from "./payments.ts";

interface Args {
  orderId: string;
}

interface Deps {
  db: Database;
  payments: Payments;
}

const closeOrder = step({
  name: "closeOrder",
  provides: type({ chargeKey: "string" }),
  run: async ({ db, orderId }: Pick<Deps, "db"> & Args) => {
    const [order] = await db`
      update orders set status = 'cancelling'
       where id = ${orderId} and status in ('confirmed', 'cancelling')
      returning charge_key`;
    if (order) return { chargeKey: order.charge_key };
    const [known] = await db`select from orders where id = ${orderId}`;
    throw new ShopError(known ? "NOT_CONFIRMED" : "NO_SUCH_ORDER");
  },
});

const refundCharge = step({
  name: "refundCharge",
  timeout: limits.payment,
  retry: { count: 3, delay: 100, backoff: "exponential" },
  run: ({ payments, chargeKey }: Pick<Deps, "payments"> & { chargeKey: string }, { signal }) =>
    payments.cancel(chargeKey, signal),
});

const restock = step({
  name: "restock",
  run: async ({ db, orderId }: Pick<Deps, "db"> & Args) => {
    // Two concurrent cancellations restock once: the second finds the order cancelled.
    await db`
      with done as (
        update orders set status = 'cancelled'
         where id = ${orderId} and status = 'cancelling' returning sku, quantity
      )
      update products set stock = stock + done.quantity from done where products.sku = done.sku`;
  },
});

export const cancelOrder: CheckedDepsPipeline<"cancelOrder", Args, Args, Args, Deps> = pipeline({
  name: "cancelOrder",
  argsSchema: type({ orderId: "string.uuid" }),
  deps: deps<Deps>(),
  steps: [closeOrder, refundCharge, restock],
  output: type({ "+": "delete", orderId: "string" }),
  timeout: limits.request,
});
