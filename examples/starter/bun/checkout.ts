import { pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";

/** The outside services that the pipeline needs. Tests pass fakes. */
export interface Services {
  charge(chargeId: string, amount: number, signal: AbortSignal): Promise<void>;
  /**
   * Refunds the charge, if there is one, and forbids it: a charge that is still on its way is
   * rejected.
   */
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
    // Also called if it is unknown whether there is a charge, because its answer was lost or
    // given up.
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
