// Places an order: reserve the goods, have a large one approved, charge the card, confirm.
//
// Each step is a short transaction of its own, and its rollback is another one. A single
// transaction around all steps would hold the product's row lock and a connection while the payment
// provider processes the charge, so that orders for one product would queue up; and it could not
// undo the charge anyway.
//
// The run is durable: after a crash, another process makes the call again whose outcome was not
// recorded. Every call here may therefore be made twice.
import { type CheckedPipeline, pipeline, step, waitFor, when } from "@runsheet/runsheet";
import { type } from "arktype";
import type { Database } from "./database.ts";
import { ShopError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Payments } from "./payments.ts";

/** The order of a client. It is recorded, so clients of other systems have no place in it. */
export interface Order {
  orderId: string;
  sku: string;
  quantity: number;
  card: string;
}

export const orderSchema: type<Order> = type({
  orderId: "string.uuid",
  sku: "string > 0",
  quantity: "1 <= number.integer <= 100",
  card: /^tok_\w+$/ as type.cast<string>,
});

/** A manager's decision about a large order. */
export interface Decision {
  approved: boolean;
  by: string;
}

const decisionSchema: type<Decision> = type({ approved: "boolean", by: "string > 0" });

export interface Services {
  db: Database;
  payments: Payments;
  /** Called when an order begins to wait for its approval. */
  onAsked?: (orderId: string) => void;
}

const reserveStock = ({ db }: Services) =>
  step({
    name: "reserveStock",
    // If it throws halfway, PostgreSQL itself rolls back.
    run: ({ orderId, sku, quantity }: Omit<Order, "card">) =>
      db.begin(async (tx) => {
        const [order] = await tx`
          insert into orders (id, sku, quantity, total)
          select ${orderId}, sku, ${quantity}, price * ${quantity}
            from products where sku = ${sku}
          on conflict do nothing returning total`;
        if (!order) {
          const [known] = await tx`select total from orders where id = ${orderId}`;
          if (known) return { total: Number(known.total) };
          throw new ShopError("NO_SUCH_PRODUCT");
        }
        const { count } = await tx`
          update products set stock = stock - ${quantity}
           where sku = ${sku} and stock >= ${quantity}`;
        if (count === 0) throw new ShopError("OUT_OF_STOCK");
        return { total: Number(order.total) };
      }),
    // By the order's id, as the answer of a commit may be lost.
    undoByKey: {
      run: async ({ orderId }) => {
        // A single statement is a transaction too. It returns the goods once, however often it
        // runs.
        await db`
          with gone as (
            delete from orders where id = ${orderId} and status not in ('cancelling', 'cancelled')
            returning sku, quantity
          )
          update products set stock = stock + gone.quantity from gone where products.sku = gone.sku`;
      },
      retry: { count: 3, delay: 100 },
      timeout: limits.undo,
    },
  });

const approve = ({ db, onAsked }: Services) =>
  pipeline({
    name: "approve",
    steps: [
      step({
        name: "askForApproval",
        run: async ({ orderId }: Pick<Order, "orderId">) => {
          await db`
            update orders set status = 'unapproved' where id = ${orderId} and status = 'reserved'`;
          onAsked?.(orderId);
        },
      }),
      waitFor("decision", { provides: decisionSchema, timeout: limits.approval }),
      step({
        name: "followDecision",
        run: ({ approved }: Pick<Decision, "approved">) => {
          if (!approved) throw new ShopError("REJECTED");
        },
      }),
    ],
  });

const chargeCard = ({ payments }: Services) =>
  step({
    name: "chargeCard",
    timeout: limits.payment,
    // Not after a timeout: the client has waited long enough.
    retry: {
      count: 2,
      delay: 50,
      backoff: "exponential",
      jitter: 0.5,
      retryIf: (errors) => {
        const last = errors.at(-1);
        return last instanceof ShopError && last.code === "PAYMENTS_DOWN";
      },
    },
    run: async ({ card, total }: Pick<Order, "card"> & { total: number }, { key, signal }) => {
      await payments.charge(key, card, total, signal);
      return { chargeKey: key };
    },
    // A failed attempt may still have charged the card. A cancelled key can no longer be charged,
    // whenever the charge arrives, so the signal may be passed on.
    undoByKey: {
      run: (_ctx, { effectKey, signal }) => payments.cancel(effectKey, signal),
      retry: { count: 3, delay: 100 },
      timeout: limits.undo,
    },
  });

const confirmOrder = ({ db }: Services) =>
  step({
    name: "confirmOrder",
    run: async ({ orderId, chargeKey }: Pick<Order, "orderId"> & { chargeKey: string }) => {
      const { count } = await db`
        update orders set status = 'confirmed', charge_key = ${chargeKey}
         where id = ${orderId} and status in ('reserved', 'unapproved', 'confirmed')`;
      if (count === 0) throw new ShopError("NO_SUCH_ORDER");
    },
    rollback: {
      run: async ({ orderId }) => {
        await db`update orders set status = 'reserved', charge_key = null where id = ${orderId}`;
      },
      retry: { count: 3, delay: 100 },
      timeout: limits.undo,
    },
  });

export type PlaceOrder = CheckedPipeline<"placeOrder", Order, { orderId: string; total: number }>;

export const placeOrder = (services: Services): PlaceOrder =>
  pipeline({
    name: "placeOrder",
    argsSchema: orderSchema,
    steps: [
      reserveStock(services),
      when(({ total }: { total: number }) => total >= limits.approvalFrom, approve(services)),
      chargeCard(services),
      confirmOrder(services),
    ],
    output: type({ "+": "delete", orderId: "string", total: "number" }),
  });
