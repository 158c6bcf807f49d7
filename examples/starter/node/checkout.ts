import { pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";

/** What the pipeline needs of the world outside. Tests give it fakes. */
export interface Services {
  charge(chargeId: string, amount: number, signal: AbortSignal): Promise<void>;
  /** Takes the charge back, if there is one, and forbids it: one that is still on its way is refused. */
  voidCharge(chargeId: string): Promise<void>;
  sendMail(to: string, text: string): Promise<void>;
}

const Order = type({ email: "string.email", amount: "number > 0" });

export function makeCheckout({ charge, voidCharge, sendMail }: Services) {
  const chargePayment = step({
    name: "chargePayment",
    requires: Order,
    timeout: 5_000, // milliseconds
    retry: { count: 2, delay: 200 },
    run: async ({ amount }, { key, signal }) => {
      await charge(key, amount, signal);
      return { chargeId: key };
    },
    // Also where nobody knows whether there is a charge: its answer got lost, or was given up.
    undoByKey: { run: (_, info) => voidCharge(info.effectKey), timeout: 5_000 },
  });

  const sendReceipt = step({
    name: "sendReceipt",
    requires: type({ email: "string", chargeId: "string" }),
    run: ({ email, chargeId }) => sendMail(email, `Paid with ${chargeId}`),
  });

  return pipeline({
    name: "checkout",
    argsSchema: Order,
    steps: [chargePayment, sendReceipt],
  });
}
