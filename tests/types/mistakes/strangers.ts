// Mistakes of somebody who has read only the docs.
import {
  fallback,
  filter,
  flatMap,
  map,
  parallel,
  pipeline,
  step,
  typed,
  unwrap,
  waitFor,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { argsSchema, chargePayment, sendReceipt, validateOrder } from "./checkout.ts";

const ids = (ctx: { ids: string[] }): string[] => ctx.ids;
const order = { orderId: "o1", total: 5 };

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  retryIsANumber: () =>
    // @ts-expect-error Type 'number' is not assignable to type 'RetryPolicy'.
    step({ name: "charge", retry: 3, run: () => ({ chargeId: "c1" }) }),

  timeoutWithAUnit: () =>
    // @ts-expect-error Type 'string' is not assignable to type 'number'.
    step({ name: "charge", timeout: "5s", run: () => ({ chargeId: "c1" }) }),

  resultOfARunAsOutput: () =>
    step({
      name: "pay",
      // @ts-expect-error a step returns an object of keys or nothing, not the result of a run (unwrap gives its data)
      run: (ctx: { orderId: string; total: number }) => chargePayment.run(ctx),
    }),

  errorThatIsReturned: () =>
    step({
      name: "pay",
      // @ts-expect-error a step returns an object of keys or nothing, not an error (throw it)
      run: () => new RangeError("declined"),
    }),

  errorThatIsReturnedNowAndThen: () =>
    step({
      name: "pay",
      // @ts-expect-error a step returns an object of keys or nothing, not an error (throw it)
      run: (ctx: { total: number }) => ctx.total > 5 ? { paid: true } : new RangeError("declined"),
    }),

  outputThatIsAPattern: () =>
    step({
      name: "pattern",
      // @ts-expect-error a step returns an object of keys or nothing, not RegExp
      run: () => /o\d/,
    }),

  stepOrFalse: () =>
    pipeline({
      name: "checkout",
      // @ts-expect-error this is not a step
      steps: [Math.random() > 0.5 && validateOrder],
    }),

  stepsInAList: () =>
    pipeline({
      name: "checkout",
      // @ts-expect-error this is not a step
      steps: [[validateOrder, chargePayment], sendReceipt],
    }),

  promiseOfAStep: () =>
    pipeline({
      name: "checkout",
      // @ts-expect-error this is not a step
      steps: [Promise.resolve(validateOrder)],
    }),

  functionInsteadOfAStep: () =>
    pipeline({
      name: "checkout",
      // @ts-expect-error this is not a step
      steps: [() => ({ paid: true })],
    }),

  schemaThatIsNotCalled: () =>
    pipeline({
      name: "checkout",
      // @ts-expect-error this must be a schema, such as type({ … })
      argsSchema: typed,
      steps: [validateOrder],
    }),

  outputThatIsNoSchema: () =>
    pipeline({
      name: "checkout",
      steps: [validateOrder],
      // @ts-expect-error this must be a schema of an object
      output: { orderId: "string" },
    }),

  hiddenByTheOutputOfAPipeline: () =>
    pipeline({
      name: "checkout",
      argsSchema,
      steps: [
        pipeline({
          name: "payment",
          steps: [validateOrder, chargePayment],
          output: type({ chargeId: "string" }),
        }),
        // @ts-expect-error step 'chargePayment' needs { orderId: string; total: number } which nothing before it provides
        chargePayment,
      ],
    }),

  twiceInStrictAcrossPipelines: () =>
    pipeline({
      name: "checkout",
      argsSchema,
      strict: true,
      steps: [
        validateOrder,
        // @ts-expect-error step 'again' provides 'orderId', which a step before it provides, too, and the pipeline is strict
        pipeline({
          name: "again",
          steps: [step({ name: "renumber", run: () => ({ orderId: "o2" }) })],
        }),
      ],
    }),

  builderThatRunsWithoutArgs: () =>
    // @ts-expect-error call .build() and run the pipeline that it makes
    pipeline({ name: "checkout" }).step(validateOrder).run(),

  listOfStepsInABuilder: () =>
    // @ts-expect-error this is not a step
    pipeline({ name: "checkout" }).step([validateOrder, chargePayment]),

  whenTheWrongWayAbout: () =>
    // @ts-expect-error is not assignable to parameter of type 'PredicateOf<
    when(chargePayment, () => true),

  whenOfAValue: () =>
    // @ts-expect-error Argument of type 'boolean' is not assignable to parameter of type 'PredicateOf<
    when(order.total > 3, chargePayment),

  parallelOfAList: () =>
    // @ts-expect-error this is not a step: step({ … }) makes one of a definition, and .build() of a builder
    parallel([validateOrder, chargePayment]),

  parallelThatCollectsUnderNoKey: () =>
    // @ts-expect-error name the key of the failures in 'failures'
    parallel.with({ onFailure: "collect" })(validateOrder, sendReceipt),

  failuresThatNobodyCollects: () =>
    // @ts-expect-error failures are collected if onFailure is 'collect'
    parallel.with({ failures: "missing" })(validateOrder, sendReceipt),

  fallbackOnADefinition: () =>
    // @ts-expect-error this is neither a function nor a step
    fallback(chargePayment, { name: "free", run: () => ({ chargeId: "free" }) }),

  fallbackOnANumber: () =>
    // @ts-expect-error the alternative returns an object of keys or nothing, not number
    fallback(chargePayment, () => 5),

  fallbackOnAList: () =>
    // @ts-expect-error the alternative returns an object of keys or nothing, not string[]
    pipeline({ name: "checkout" }).fallback(chargePayment, async () => await ["free"]),

  itemsOfAText: () =>
    // @ts-expect-error items must be a collection, such as an array, but it is string
    map("letters", (ctx: { word: string }) => ctx.word, (letter) => letter),

  itemsOfATextOrAList: () =>
    // @ts-expect-error items must be a collection, such as an array, but it is string | string[]
    filter("words", (ctx: { word: string | string[] }) => ctx.word, (word) => word !== ""),

  builderItemsOfAText: () =>
    pipeline({ name: "words", argsSchema: typed<{ word: string }>() })
      // @ts-expect-error items must be a collection, such as an array, but it is string
      .map("letters", (ctx) => ctx.word, (letter) => letter),

  flatMapOfTexts: () =>
    // @ts-expect-error this function must give a list but it gives string
    flatMap("letters", ids, (id) => id.trim()),

  asBesideAFunction: () =>
    // @ts-expect-error 'as' is for a step; this function is given the item itself
    map("lengths", ids, (id) => id.length, { as: "id" }),

  builderAsBesideAFunction: () =>
    pipeline({ name: "words", argsSchema: typed<{ ids: string[] }>() })
      // @ts-expect-error 'as' is for a step; this function is given the item itself
      .map("lengths", (ctx) => ctx.ids, (id) => id.length, { as: "id" }),

  filterThatCollects: () =>
    // @ts-expect-error Type '"collect"' is not assignable to type 'OnFailure | undefined'.
    filter("long", ids, (id) => id.length > 3, { onFailure: "collect" }),

  collectedFailureThatIsReadAsData: async () => {
    const step = map("charges", () => [order], chargePayment, { onFailure: "collect" });
    const { charges } = unwrap(await step.run({}));
    // @ts-expect-error Property 'chargeId' does not exist on type 'ItemFailure<{ orderId: string; total: number; }>'.
    return charges.map((charge) => charge.chargeId);
  },

  eventOfNoObject: () =>
    // @ts-expect-error this must be a schema of an object
    waitFor("approved", { provides: type("string") }),

  eventWithoutASchema: () =>
    // @ts-expect-error this must be a schema, such as type({ … })
    waitFor("approved", { provides: { approvedBy: "string" } }),

  unwrapOfAPromise: () =>
    // @ts-expect-error is not assignable to parameter of type 'Result<unknown>'.
    unwrap(chargePayment.run(order)),

  signalOfAController: () =>
    // @ts-expect-error Type 'AbortController' is missing the following properties from type 'AbortSignal'
    chargePayment.run(order, { signal: new AbortController() }),

  runUnknownWithoutASchema: () =>
    // @ts-expect-error Property 'runUnknown' does not exist on type 'Pipeline<"checkout"
    pipeline({ name: "checkout", steps: [validateOrder] }).runUnknown({}),
};
