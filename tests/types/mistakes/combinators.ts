// Mistakes with combinators.
import { distribute, pipeline, when } from "@runsheet/runsheet";
import { type } from "arktype";
import { chargePayment } from "./checkout.ts";

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  predicateThatReadsTooMuch: () =>
    // @ts-expect-error Property 'vip' does not exist on type 'ContextOf<{ orderId: string; total: number; }, "to read more, annotate ctx or use the builder">'.
    when((ctx) => ctx.vip, chargePayment),

  mappingToNoKey: () =>
    // @ts-expect-error Type '"orderIdx"' is not assignable to type '"orderId" | "total"'. Did you mean '"orderId"'?
    distribute("charges", { orderIds: "orderIdx" }, chargePayment),

  distributeOverNoList: () =>
    pipeline({
      name: "checkout",
      argsSchema: type({ orderIds: "string", total: "number" }),
      steps: [
        // @ts-expect-error step 'distribute(charges)' needs { orderIds: readonly string[] } but by then it is { orderIds: string }
        distribute("charges", { orderIds: "orderId" }, chargePayment),
      ],
    }),
};
