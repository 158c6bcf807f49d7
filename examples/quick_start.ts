import { pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";

const payments = { // stands in for your payment provider's client
  charge: (amount: number, _options: { idempotencyKey: string; signal: AbortSignal }) =>
    Promise.resolve({ id: `charge of ${amount}` }),
  refund: (chargeId: string) => console.log("refunded:", chargeId),
  // Takes back what was charged under a key, and forbids what may still arrive under it.
  void: (idempotencyKey: string) => console.log("voided:", idempotencyKey),
};

const Order = type({ orderId: "string", email: "string.email", amount: "number > 0" });

const validateOrder = step({
  name: "validateOrder",
  requires: Order,
  run: ({ amount }) => ({ total: amount + 5 }), // with shipping
});

const chargePayment = step({
  name: "chargePayment",
  requires: type({ total: "number" }),
  provides: type({ chargeId: "string" }),
  timeout: 5_000,
  retry: { count: 3, delay: 200, backoff: "exponential" },
  run: async ({ total }, { key, signal }) => {
    const charge = await payments.charge(total, { idempotencyKey: key, signal });
    return { chargeId: charge.id };
  },
  rollback: (_ctx, { chargeId }) => payments.refund(chargeId),
  // An attempt that failed or was given up may still have charged the card.
  undoByKey: (_ctx, { effectKey }) => payments.void(effectKey),
});

const sendConfirmation = step({
  name: "sendConfirmation",
  requires: Order,
  run: ({ email }) => {
    if (email.endsWith(".invalid")) throw new Error(`no such mailbox: ${email}`);
  },
});

const checkout = pipeline({
  name: "checkout",
  steps: [validateOrder, chargePayment, sendConfirmation],
});

for (const email of ["ada@mail.example", "bob@mail.invalid"]) {
  const result = await checkout.run({ orderId: "o-1", email, amount: 50 });
  if (result.success) console.log("done:", result.data.chargeId);
  else console.log("failed:", result.error.message, "| undone:", ...result.rollback.completed);
}
