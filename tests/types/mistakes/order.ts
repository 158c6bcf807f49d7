// Mistakes with steps in a row.
import { choice, parallel, pipeline, step, when } from "@runsheet/runsheet";
import { type } from "arktype";
import { argsSchema, chargePayment, sendReceipt, validateOrder } from "./checkout.ts";

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  wrongOrder: () =>
    pipeline({
      name: "checkout",
      argsSchema,
      steps: [
        // @ts-expect-error step 'chargePayment' needs { orderId: string; total: number } which nothing before it provides ('validateOrder' comes later)
        chargePayment,
        validateOrder,
      ],
    }),

  undefinedForAnOptionalKey: () => {
    const find = step({ name: "find", run: (): { rate: number | undefined } => ({ rate: 1 }) });
    const tax = step({ name: "tax", run: (_ctx: { rate?: number }) => {} });
    return pipeline({
      name: "checkout",
      steps: [
        find,
        // @ts-expect-error step 'tax' needs { rate?: number } but by then it is { rate: undefined | number }
        tax,
      ],
    });
  },

  unionThatAnOutputWas: () => {
    type Way = { kind: "card"; token: string } | { kind: "cash" };
    const decide = step({ name: "decide", run: (): Way => ({ kind: "cash" }) });
    const pay = step({ name: "pay", run: (_ctx: Way) => {} });
    return pipeline({
      name: "checkout",
      steps: [
        decide,
        // @ts-expect-error step 'pay' needs { kind: 'card'; token: string } | { kind: 'cash' } but by then it is
        pay,
      ],
    });
  },

  wrongOrderWithInferredArgs: () =>
    pipeline({
      name: "checkout",
      steps: [
        // @ts-expect-error step 'chargePayment' needs { orderId: string; total: number } which nothing before it provides ('validateOrder' comes later)
        chargePayment,
        validateOrder,
      ],
    }),

  argThatNobodyGives: () =>
    pipeline({
      name: "checkout",
      argsSchema: type({ cartId: "string" }),
      steps: [
        // @ts-expect-error step 'validateOrder' needs { amount: number } which nothing before it provides
        validateOrder,
      ],
    }),

  misspeltKey: () => {
    const ship = step({
      name: "ship",
      run: (ctx: { orderID: string }) => ({ parcel: ctx.orderID }),
    });
    return pipeline({
      name: "checkout",
      argsSchema,
      steps: [
        validateOrder,
        // @ts-expect-error step 'ship' needs { orderID: string } which nothing before it provides (did you mean 'orderId'?)
        ship,
      ],
    });
  },

  letterLeftOut: () => {
    const ship = step({ name: "ship", run: (ctx: { oderId: string }) => ({ parcel: ctx.oderId }) });
    return pipeline({
      name: "checkout",
      argsSchema,
      steps: [
        validateOrder,
        // @ts-expect-error step 'ship' needs { oderId: string } which nothing before it provides (did you mean 'orderId'?)
        ship,
      ],
    });
  },

  wrongType: () => {
    const invoice = step({
      name: "invoice",
      run: (ctx: { total: string }) => ({ text: ctx.total }),
    });
    return pipeline({
      name: "checkout",
      steps: [
        validateOrder,
        // @ts-expect-error step 'invoice' needs { total: string } but by then it is { total: number }
        invoice,
      ],
    });
  },

  usedAsSureAfterWhen: () =>
    pipeline({
      name: "checkout",
      steps: [
        validateOrder,
        when((ctx) => ctx.total > 0, chargePayment),
        // @ts-expect-error step 'sendReceipt' needs { chargeId: string } which may be missing by then ('when(chargePayment)' provides it only sometimes)
        sendReceipt,
      ],
    }),

  usedAsSureAfterChoice: () => {
    const free = step({ name: "free", run: () => ({ gift: true }) });
    return pipeline({
      name: "checkout",
      steps: [
        validateOrder,
        choice([(ctx) => ctx.total > 0, chargePayment], free),
        // @ts-expect-error step 'sendReceipt' needs { chargeId: string } which may be missing by then ('choice(chargePayment, free)' provides it only sometimes)
        sendReceipt,
      ],
    });
  },

  optionalArgUsedAsSure: () =>
    pipeline({
      name: "checkout",
      argsSchema: type({ cartId: "string", "amount?": "number" }),
      steps: [
        // @ts-expect-error step 'validateOrder' needs { amount: number } which may be missing by then
        validateOrder,
      ],
    }),

  sameArgOfTwoTypes: () => {
    const audit = step({
      name: "audit",
      run: (ctx: { amount: string }) => ({ entry: ctx.amount }),
    });
    return pipeline({
      name: "checkout",
      steps: [
        validateOrder,
        // @ts-expect-error step 'audit' needs { amount: string } but by then it is { amount: number }
        audit,
      ],
    });
  },

  siblingOfAParallel: () =>
    pipeline({
      name: "checkout",
      argsSchema: type({ orderId: "string", total: "number" }),
      steps: [
        // @ts-expect-error step 'parallel(chargePayment, sendReceipt)' needs { chargeId: string } which nothing before it provides (what runs in parallel does not see what the others provide)
        parallel(chargePayment, sendReceipt),
      ],
    }),

  definitionInsteadOfStep: () =>
    pipeline({
      name: "checkout",
      steps: [
        validateOrder,
        // @ts-expect-error this is not a step
        { name: "ship", run: () => ({ parcel: "p1" }) },
      ],
    }),

  twiceInStrict: () => {
    const reissue = step({ name: "reissue", run: () => ({ orderId: "o2" }) });
    return pipeline({
      name: "checkout",
      strict: true,
      steps: [
        validateOrder,
        // @ts-expect-error step 'reissue' provides 'orderId', which a step before it provides, too, and the pipeline is strict
        reissue,
      ],
    });
  },

  misspeltOptionOfPipeline: () =>
    pipeline({
      name: "checkout",
      steps: [validateOrder],
      // @ts-expect-error 'timeOut' does not exist in type 'PipelineDefinition<"checkout", readonly [Step<"validateOrder", Order, { orderId: string; total: number; }>], undefined, undefined, false, Unset, readonly Middleware[], undefined>'. Did you mean to write 'timeout'?
      timeOut: 5_000,
    }),

  misspeltName: () =>
    pipeline({
      // @ts-expect-error 'nam' does not exist in type 'PipelineDefinition<string, never, undefined, undefined, false, Unset, readonly Middleware[], undefined>'. Did you mean to write 'name'?
      nam: "checkout",
      steps: [validateOrder],
    }),

  misspeltSteps: () =>
    pipeline({
      name: "checkout",
      // @ts-expect-error 'step' does not exist in type 'PipelineDefinition<"checkout", never, undefined, undefined, false, Unset, readonly Middleware[], undefined>'. Did you mean to write 'steps'?
      step: [validateOrder],
    }),

  argsBesideInferredSteps: () =>
    pipeline<{ cartId: string; amount: number }>({
      name: "checkout",
      // @ts-expect-error write argsSchema: typed<Args>() instead of pipeline<Args>, so that the steps can be inferred
      steps: [validateOrder],
    }),
};
