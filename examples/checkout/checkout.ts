// The checkout of one order: validate it, reserve its goods, charge the card, ship and confirm.
//
// It runs as it is on durable engines, too, where another process continues a run whose own died, and
// makes the call again that was under way. So every call here may be made twice, and every undo has
// a name or goes by a key.
import {
  deps,
  type DepsPipeline,
  isRunsheetError,
  type Middleware,
  pipeline,
  step,
} from "@runsheet/runsheet";
import { type } from "arktype";
import type { ShopBooks } from "./database.ts";
import { type GatewayClient, GatewayError } from "./gateway_client.ts";
import type { Mailer } from "./mailer.ts";

/** A well-formed order of examples/data/orders.csv. */
export interface OrderRow {
  orderId: string;
  customer: string;
  email: string;
  address: string;
  cardToken: string;
  sku: string;
  quantity: string;
  unitPrice: string;
}

/** The services of the steps; the caller passes them beside the order. */
export interface Services {
  db: ShopBooks;
  gateway: GatewayClient;
  mailer: Pick<Mailer, "send">;
}

/** The result of a completed order; money is in cents. */
export interface Receipt {
  orderId: string;
  sku: string;
  quantity: number;
  total: number;
  chargeId: string;
}

const ValidOrder = type({
  orderId: /^o-\d{4}$/,
  customer: "string > 0",
  email: "string.email",
  address: "string > 0",
  cardToken: /^tok_\w+$/,
  sku: "string > 0",
  quantity: "string.integer.parse |> 1 <= number <= 1000",
  unitPrice: "string.integer.parse |> number > 0",
});

/** The context of the steps after validateOrder. */
type Context = Services & typeof ValidOrder.infer & { total: number };

const validateOrder = step({
  name: "validateOrder",
  requires: ValidOrder,
  // The file has texts; the numbers that the schema parses replace them in the context.
  run: ({ quantity, unitPrice }) => ({ quantity, unitPrice, total: quantity * unitPrice }),
});

const reserveStock = step({
  name: "reserveStock",
  run: ({ db, orderId, sku, quantity }: Context) => db.reserve(orderId, sku, quantity),
  // By the order's id, as the effects of a process that died are unknown.
  undoByKey: ({ db, orderId }) => db.release(orderId),
});

const chargePayment = step({
  name: "chargePayment",
  provides: type({ chargeId: "string" }),
  timeout: 60_000,
  // An abandoned attempt ends at once, as it heeds its signal, so its effects are undone before the
  // next one starts.
  graceMs: 1_000,
  retry: {
    count: 3,
    delay: 20,
    backoff: "exponential",
    retryIf: (errors) => isTransient(errors.at(-1)),
  },
  run: async (
    { db, gateway, orderId, cardToken, total }: Context,
    { key, signal, defer },
  ) => {
    const { chargeId } = await gateway.charge({ orderId, cardToken, amount: total }, key, signal);
    defer("removePayment");
    await db.addPayment(key, orderId, total);
    return { chargeId };
  },
  undos: { removePayment: ({ db }, _data, { effectKey }) => db.removePayment(effectKey) },
  rollback: {
    run: ({ gateway }, { chargeId }, { key, signal }) => gateway.refund(chargeId, key, signal),
    retry: { count: 3, delay: 20 },
    timeout: 60_000,
  },
  // A failed attempt may still have charged the card, or do so later. Its key is voided and can no
  // longer be charged; the next attempt has another key.
  undoByKey: {
    run: async ({ db, gateway }, { effectKey, signal }) => {
      await db.removePayment(effectKey);
      await gateway.void(effectKey, signal);
    },
    timeout: 60_000,
  },
});

const createShipment = step({
  name: "createShipment",
  run: ({ db, orderId }: Context) => db.ship(orderId),
  undoByKey: ({ db, orderId }) => db.unship(orderId),
});

const sendConfirmation = step({
  name: "sendConfirmation",
  run: ({ mailer, email, orderId }: Context, { key }) =>
    mailer.send(email, `Order ${orderId} is on its way`, key),
});

const fulfil = pipeline({ name: "fulfil", steps: [createShipment, sendConfirmation] });

/** The checkout, with middleware around its steps. */
export function makeCheckout(
  middleware: Middleware[],
): DepsPipeline<"checkout", OrderRow, Receipt, Receipt, Services> {
  return pipeline({
    name: "checkout",
    deps: deps<Services>(),
    steps: [validateOrder, reserveStock, chargePayment, fulfil],
    output: type({
      "+": "delete", // nothing else, such as the card
      orderId: "string",
      sku: "string",
      quantity: "number",
      total: "number",
      chargeId: "string",
    }),
    middleware,
  });
}

/** Whether another attempt may succeed: the gateway is out of order, silent or unreachable. */
function isTransient(error: Error | undefined): boolean {
  if (error instanceof GatewayError) return error.status >= 500;
  // fetch throws a TypeError if it cannot reach the other side.
  return isRunsheetError(error, "TIMEOUT") || error instanceof TypeError;
}
