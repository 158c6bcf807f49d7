// Mistakes with the builder.
import { pipeline } from "@runsheet/runsheet";
import { type } from "arktype";
import { argsSchema, chargePayment, validateOrder } from "./checkout.ts";

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  builderWrongOrder: () =>
    pipeline({ name: "checkout", argsSchema })
      // @ts-expect-error step 'chargePayment' needs { orderId: string; total: number } which nothing before it provides
      .step(chargePayment)
      .step(validateOrder),

  builderTooLate: () =>
    pipeline({ name: "checkout" })
      .step(chargePayment)
      // @ts-expect-error step 'validateOrder' provides { orderId: string; total: number } too late: a step before it takes it from the args
      .step(validateOrder),

  builderPredicate: () =>
    pipeline({ name: "checkout", argsSchema })
      .step(validateOrder)
      // @ts-expect-error Property 'chargeId' does not exist on type
      .when((ctx) => ctx.chargeId !== "", chargePayment),

  builderDefaultInTheMiddle: () =>
    pipeline({ name: "checkout", argsSchema })
      .step(validateOrder)
      // @ts-expect-error only the last branch may be a default
      .choice(chargePayment, [(ctx) => ctx.total > 0, chargePayment]),

  builderOutput: () =>
    pipeline({ name: "checkout", argsSchema })
      .step(validateOrder)
      // @ts-expect-error output needs { chargeId: string } which no step provides
      .build({ output: type({ chargeId: "string" }) }),
};
