// The steps used in the mistakes. Above each mistake is the required message of the compiler:
// tools/gates/messages.ts compiles these files without the directives and compares the actual
// messages of every supported version.
import { type Step, step } from "@runsheet/runsheet";
import { type Type, type } from "arktype";

interface Order {
  cartId: string;
  amount: number;
}

export const validateOrder: Step<"validateOrder", Order, { orderId: string; total: number }> = step(
  {
    name: "validateOrder",
    requires: type({ cartId: "string", amount: "number" }),
    provides: type({ orderId: "string", total: "number" }),
    run: (ctx) => ({ orderId: ctx.cartId, total: ctx.amount }),
  },
);
export const chargePayment: Step<
  "chargePayment",
  { orderId: string; total: number },
  { chargeId: string }
> = step({
  name: "chargePayment",
  requires: type({ orderId: "string", total: "number" }),
  provides: type({ chargeId: "string" }),
  run: (ctx) => ({ chargeId: ctx.orderId }),
});
export const sendReceipt: Step<"sendReceipt", { chargeId: string }, { receipt: string }> = step({
  name: "sendReceipt",
  run: (ctx: { chargeId: string }) => ({ receipt: ctx.chargeId }),
});
export const argsSchema: Type<Order> = type({ cartId: "string", amount: "number" });
