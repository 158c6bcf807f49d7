// The mistakes that users make, each with what the compiler must say of it. tools/gates/messages.ts
// compiles this file without the directives, and compares what each version that we support says.
import {
  choice,
  distribute,
  flatMap,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  step,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";

const validateOrder = step({
  name: "validateOrder",
  requires: type({ cartId: "string", amount: "number" }),
  provides: type({ orderId: "string", total: "number" }),
  run: (ctx) => ({ orderId: ctx.cartId, total: ctx.amount }),
});
const chargePayment = step({
  name: "chargePayment",
  requires: type({ orderId: "string", total: "number" }),
  provides: type({ chargeId: "string" }),
  run: (ctx) => ({ chargeId: ctx.orderId }),
});
const sendReceipt = step({
  name: "sendReceipt",
  run: (ctx: { chargeId: string }) => ({ receipt: ctx.chargeId }),
});
const argsSchema = type({ cartId: "string", amount: "number" });

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  // ------------------------------------------------------------------ steps in a row

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

  argsBesideInferredSteps: () =>
    pipeline<{ cartId: string; amount: number }>({
      name: "checkout",
      // @ts-expect-error write argsSchema: typed<Args>() instead of pipeline<Args>, so that the steps can be inferred
      steps: [validateOrder],
    }),

  // ------------------------------------------------------------------ output, args and results

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

  // ------------------------------------------------------------------ one step

  undeclaredNeed: () =>
    step({
      name: "charge",
      requires: type({ orderId: "string" }),
      // @ts-expect-error Property 'total' does not exist on type 'Readonly<{ orderId: string; }>'.
      run: (ctx) => ({ charged: ctx.total }),
    }),

  changedContext: () =>
    step({
      name: "charge",
      requires: type({ total: "number" }),
      run: (ctx) => {
        // @ts-expect-error Cannot assign to 'total' because it is a read-only property.
        ctx.total = 0;
      },
    }),

  outputOfTheWrongType: () =>
    step({
      name: "charge",
      provides: type({ chargeId: "string" }),
      // @ts-expect-error Type 'number' is not assignable to type 'string'.
      run: () => ({ chargeId: 5 }),
    }),

  outputThatLacksAKey: () =>
    step({
      name: "charge",
      provides: type({ chargeId: "string" }),
      // @ts-expect-error Property 'chargeId' is missing in type '{ chargeID: "c1"; }' but required in type '{ chargeId: string; }'.
      run: () => Promise.resolve({ chargeID: "c1" }),
    }),

  outputThatIsNoObject: () =>
    step({
      name: "count",
      // @ts-expect-error a step returns an object or nothing
      run: () => 42,
    }),

  schemaOfNoObject: () =>
    step({
      name: "count",
      // @ts-expect-error this must be a schema of an object
      requires: type("string[]"),
      run: () => ({ count: 1 }),
    }),

  noSchema: () =>
    step({
      name: "count",
      // @ts-expect-error this must be a schema, such as type({ … })
      requires: { items: "string[]" },
      run: () => ({ count: 1 }),
    }),

  rollbackAboveRun: () =>
    step({
      name: "charge",
      // @ts-expect-error Property 'chargeId' does not exist on type '"put run above rollback, or give provides"'.
      rollback: (_ctx, output) => output.chargeId,
      run: (ctx) => ({ chargeId: String(ctx) }),
    }),

  misspeltOption: () =>
    step({
      name: "charge",
      // @ts-expect-error 'timeOut' does not exist
      timeOut: 5_000,
      run: () => ({ chargeId: "c1" }),
    }),

  // ------------------------------------------------------------------ combinators

  predicateThatReadsTooMuch: () =>
    // @ts-expect-error Property 'vip' does not exist on type 'Readonly<{ orderId: string; total: number; }>'.
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

  mapOverNoCollection: () =>
    // @ts-expect-error is not assignable to type 'MaybePromise<Collection<unknown>>'
    map("totals", (ctx: { count: number }) => ctx.count, (item) => item),

  itemsThatLackAKey: () =>
    pipeline({
      name: "checkout",
      argsSchema: type({ orders: type({ orderId: "string" }).array() }),
      steps: [
        // @ts-expect-error step 'map(charges)' needs { total: number } which nothing before it provides
        map("charges", (ctx: { orders: { orderId: string }[] }) => ctx.orders, chargePayment),
      ],
    }),

  flatMapOfNoList: () =>
    // @ts-expect-error Type 'number' is not assignable to type 'MaybePromise<Iterable<unknown>>'.
    flatMap("lengths", (ctx: { words: string[] }) => ctx.words, (word) => word.length),

  // ------------------------------------------------------------------ builder

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
