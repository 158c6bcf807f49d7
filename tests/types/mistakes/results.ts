// Mistakes with output, args and results.
import { isRunsheetError, pipeline, when } from "@runsheet/runsheet";
import { type } from "arktype";
import { sendReceipt, validateOrder } from "./checkout.ts";

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  outputThatNobodyProvides: () =>
    pipeline({
      name: "checkout",
      steps: [validateOrder],
      // @ts-expect-error output needs { chargeId: string } which no step provides
      output: type({ chargeId: "string" }),
    }),

  outputOfAnotherType: () =>
    pipeline({
      name: "checkout",
      steps: [validateOrder],
      // @ts-expect-error output needs { total: string } but it is { total: number }
      output: type({ total: "string" }),
    }),

  outputThatMayBeMissing: () =>
    pipeline({
      name: "checkout",
      steps: [when(() => true, sendReceipt)],
      // @ts-expect-error output needs { receipt: string } which may be missing
      output: type({ receipt: "string" }),
    }),

  runWithoutArgs: () =>
    // @ts-expect-error Expected 1-2 arguments, but got 0.
    pipeline({ name: "checkout", steps: [validateOrder] }).run(),

  runWithoutOneArg: () =>
    // @ts-expect-error Property 'amount' is missing in type '{ cartId: string; }' but required in type '{ cartId: string; amount: number; }'.
    pipeline({ name: "checkout", steps: [validateOrder] }).run({ cartId: "c1" }),

  dataBeforeSuccess: async () => {
    const result = await validateOrder.run({ cartId: "c1", amount: 5 });
    // @ts-expect-error 'result.data' is possibly 'undefined'.
    return result.data.orderId;
  },

  misspeltData: async () => {
    const result = await pipeline({ name: "checkout", steps: [validateOrder] })
      .run({ cartId: "c1", amount: 5 });
    // @ts-expect-error Property 'orderID' does not exist on type 'Readonly<{ cartId: string; amount: number; orderId: string; total: number; }>'. Did you mean 'orderId'?
    return result.success && result.data.orderID;
  },

  changedData: async () => {
    const result = await validateOrder.run({ cartId: "c1", amount: 5 });
    // @ts-expect-error Cannot assign to 'total' because it is a read-only property.
    if (result.success) result.data.total = 0;
  },

  errorAfterSuccess: async () => {
    const { success, error } = await validateOrder.run({ cartId: "c1", amount: 5 });
    // @ts-expect-error 'error' is possibly 'undefined'.
    return success && error.message;
  },

  misspeltCode: async () => {
    const { error } = await validateOrder.run({ cartId: "c1", amount: 5 });
    // @ts-expect-error Argument of type '"TIMEDOUT"' is not assignable to parameter of type '"ABORTED" | "ARGS_VALIDATION" | "CHOICE_NO_MATCH" | "CONFIG" | "PREDICATE" | "PROVIDES_VALIDATION" | "REQUIRES_VALIDATION" | "RETRY_EXHAUSTED" | "ROLLBACK" | "STRICT_OVERLAP" | "TIMEOUT" | "UNKNOWN" | undefined'.
    return isRunsheetError(error, "TIMEDOUT");
  },

  misspeltOptionOfRun: () =>
    validateOrder.run(
      { cartId: "c1", amount: 5 },
      // @ts-expect-error 'signl' does not exist in type 'RunOptions'. Did you mean to write 'signal'?
      { signl: AbortSignal.abort() },
    ),
};
