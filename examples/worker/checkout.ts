// The checkout of one order: reserve its goods, charge the card, send a receipt.
import { type Pipeline, pipeline, step } from "@runsheet/runsheet";
import type { Args } from "./args.ts";
import { limits } from "./limits.ts";
import { post } from "./post.ts";
import { argsSchema } from "./schema.ts";

// A call that is given up (timeout, abort) may have its effect all the same. These two do not heed the signal, so that
// their answer comes in the end: what was done late is undone then.

const reserveStock = step({
  name: "reserveStock",
  timeout: limits.stock,
  run: async ({ order, services }: Args, { key }) => {
    const { sku, quantity } = order;
    const { id } = await post(services.STOCK, "/reservations", { key, sku, quantity });
    return { reservationId: id };
  },
  rollback: ({ services }, { reservationId }) =>
    post(services.STOCK, "/releases", { reservationId }),
});

const chargePayment = step({
  name: "chargePayment",
  timeout: limits.payment,
  run: async ({ order, services }: Args, { key }) => {
    const { card, amount } = order;
    const { id } = await post(services.PAYMENTS, "/charges", { key, card, amount });
    return { chargeId: id };
  },
  rollback: {
    run: ({ services }, { chargeId }, { error }) =>
      post(services.PAYMENTS, "/refunds", { chargeId, reason: error.name }),
    retry: { count: 3, delay: 100, backoff: "exponential" },
  },
});

const sendReceipt = step({
  name: "sendReceipt",
  timeout: limits.mail,
  run: async ({ order, services, chargeId }: Args & { chargeId: string }, { key, signal }) => {
    await post(services.MAIL, "/mails", { key, to: order.email, chargeId }, { signal });
  },
});

/** What the steps add. */
interface Done {
  reservationId: string;
  chargeId: string;
}

export const checkout: Pipeline<"checkout", Args, Args & Done> = pipeline({
  name: "checkout",
  argsSchema,
  steps: [reserveStock, chargePayment, sendReceipt],
});
