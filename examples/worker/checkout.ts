// The checkout of one order: reserve its goods, charge the card, send a receipt.
import {
  type CheckedDepsPipeline,
  deps,
  pipeline,
  type RetryPolicy,
  step,
} from "@runsheet/runsheet";
import type { Args, Deps } from "./args.ts";
import { limits } from "./limits.ts";
import { post } from "./post.ts";
import { argsSchema } from "./schema.ts";

// A call that fails, or is given up (timeout, abort), may still have its effect, even later. Both
// services forbid a key that is undone: a request that arrives under it later is refused. So each
// undo uses the key, which is known even if the answer is not, and the signal may be passed on.

type Context = Args & Deps;

const retry: RetryPolicy = { count: 3, delay: 100, backoff: "exponential" };

const reserveStock = step({
  name: "reserveStock",
  timeout: limits.stock,
  run: async ({ order, services }: Context, { key, signal }) => {
    const { sku, quantity } = order;
    const { id } = await post(services.STOCK, "/reservations", { key, sku, quantity }, { signal });
    return { reservationId: id };
  },
  undoByKey: {
    run: ({ services }, { effectKey: key, signal }) =>
      post(services.STOCK, "/releases", { key }, { signal }),
    retry,
    timeout: limits.undo,
  },
});

const chargePayment = step({
  name: "chargePayment",
  timeout: limits.payment,
  run: async ({ order, services }: Context, { key, signal }) => {
    const { card, amount } = order;
    const { id } = await post(services.PAYMENTS, "/charges", { key, card, amount }, { signal });
    return { chargeId: id };
  },
  undoByKey: {
    run: ({ services }, { effectKey: key, error, signal }) =>
      post(services.PAYMENTS, "/voids", { key, reason: error.name }, { signal }),
    retry,
    timeout: limits.undo,
  },
});

const sendReceipt = step({
  name: "sendReceipt",
  timeout: limits.mail,
  run: async ({ order, services, chargeId }: Context & { chargeId: string }, { key, signal }) => {
    await post(services.MAIL, "/mails", { key, to: order.email, chargeId }, { signal });
  },
});

/** The keys that the steps add. */
interface Done {
  reservationId: string;
  chargeId: string;
}

export const checkout: CheckedDepsPipeline<"checkout", Args, Args & Done, Done, Deps> = pipeline({
  name: "checkout",
  argsSchema,
  deps: deps<Deps>(),
  steps: [reserveStock, chargePayment, sendReceipt],
});
