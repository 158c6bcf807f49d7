// Places an order: reserve the goods, charge the card, confirm.
//
// Each step is a short transaction of its own, and its rollback is another one. A single
// transaction around all steps would hold the product's row lock and a connection while the payment
// provider takes its time, so that orders for one product would queue up; and it could not undo the
// charge anyway.
import { type CheckedPipeline, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";
import type { Database } from "./database.ts";
import { ShopError } from "./errors.ts";
import { limits } from "./limits.ts";
import { Payments } from "./payments.ts";

/** The order of a client. */
export interface Order {
  sku: string;
  quantity: number;
  card: string;
}

interface Args extends Order {
  orderId: string;
  db: Database;
  payments: Payments;
}

const argsSchema = type({
  orderId: "string.uuid",
  sku: "string > 0",
  quantity: "1 <= number.integer <= 100",
  card: /^tok_\w+$/,
  db: type("object").as<Database>(),
  payments: type.instanceOf(Payments),
});

const reserveStock = step({
  name: "reserveStock",
  // If it throws half-way, PostgreSQL itself rolls back.
  run: ({ db, orderId, sku, quantity }: Pick<Args, "db" | "orderId" | "sku" | "quantity">) =>
    db.begin(async (tx) => {
      const [product] = await tx`
        update products set stock = stock - ${quantity}
         where sku = ${sku} and stock >= ${quantity} returning price`;
      if (!product) {
        const [known] = await tx`select from products where sku = ${sku}`;
        throw new ShopError(known ? "OUT_OF_STOCK" : "NO_SUCH_PRODUCT");
      }
      const total: number = product.price * quantity;
      await tx`
        insert into orders (id, sku, quantity, total)
        values (${orderId}, ${sku}, ${quantity}, ${total})`;
      return { total };
    }),
  // By the order's id, as the answer of a commit may be lost.
  undoByKey: {
    run: async ({ db, orderId }) => {
      // A single statement is a transaction too. It returns the goods once, however often it runs.
      await db`
        with gone as (delete from orders where id = ${orderId} returning sku, quantity)
        update products set stock = stock + gone.quantity from gone where products.sku = gone.sku`;
    },
    retry: { count: 3, delay: 100 },
    timeout: limits.undo,
  },
});

const chargeCard = step({
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
  run: async (
    { payments, card, total }: Pick<Args, "payments" | "card"> & { total: number },
    { key, signal },
  ) => {
    await payments.charge(key, card, total, signal);
    return { chargeKey: key };
  },
  // A failed attempt may still have charged the card. A cancelled key can no longer be charged,
  // whenever the charge arrives, so the signal may be passed on.
  undoByKey: {
    run: ({ payments }, { effectKey, signal }) => payments.cancel(effectKey, signal),
    retry: { count: 3, delay: 100 },
    timeout: limits.undo,
  },
});

const confirmOrder = step({
  name: "confirmOrder",
  run: async (
    { db, orderId, chargeKey }: Pick<Args, "db" | "orderId"> & { chargeKey: string },
  ) => {
    const { count } = await db`
      update orders set status = 'confirmed', charge_key = ${chargeKey}
       where id = ${orderId} and status = 'reserved'`;
    if (count === 0) throw new ShopError("NO_SUCH_ORDER");
  },
  rollback: {
    run: async ({ db, orderId }) => {
      await db`update orders set status = 'reserved', charge_key = null where id = ${orderId}`;
    },
    retry: { count: 3, delay: 100 },
    timeout: limits.undo,
  },
});

export const placeOrder: CheckedPipeline<"placeOrder", Args, { orderId: string; total: number }> =
  pipeline({
    name: "placeOrder",
    argsSchema,
    steps: [reserveStock, chargeCard, confirmOrder],
    output: type({ "+": "delete", orderId: "string", total: "number" }),
    timeout: limits.request,
  });
