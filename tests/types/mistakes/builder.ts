// Mistakes with the builder.
import { choice, map, parallel, pipeline } from "@runsheet/runsheet";
import { type } from "arktype";
import { argsSchema, chargePayment, validateOrder } from "./checkout.ts";

const begun = pipeline({ name: "begun" }).step(validateOrder);

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

  builderPredicateOfMore: () =>
    pipeline({ name: "checkout", argsSchema })
      .step(validateOrder)
      .when(
        // @ts-expect-error step 'when(chargePayment)' needs { vip: boolean } which nothing before it provides
        (ctx: { vip: boolean }) => ctx.vip,
        chargePayment,
      ),

  builderBranchOfAnotherStep: () =>
    pipeline({ name: "checkout", argsSchema }).choice(
      // @ts-expect-error step 'chargePayment' needs { orderId: string; total: number } which nothing before it provides
      [(ctx) => ctx.amount > 0, chargePayment],
      validateOrder,
    ),

  builderOfADefinition: () =>
    pipeline({ name: "checkout", argsSchema })
      // @ts-expect-error this is not a step
      .step({ name: "free", run: () => ({ gift: true }) }),

  // ------------------------------------------------------------------ one that is not built

  builderAmongSteps: () =>
    pipeline({
      name: "checkout",
      steps: [
        // @ts-expect-error this is a builder: call .build()
        begun,
      ],
    }),

  builderInBuilder: () =>
    pipeline({ name: "checkout" })
      // @ts-expect-error this is a builder: call .build()
      .step(begun),

  builderInWhen: () =>
    pipeline({ name: "checkout" }).when(
      () => true,
      // @ts-expect-error this is a builder: call .build()
      begun,
    ),

  builderInChoice: () =>
    choice([
      () => true,
      // @ts-expect-error this is a builder: call .build()
      begun,
    ]),

  builderInParallel: () =>
    parallel(
      // @ts-expect-error this is not a step: step({ … }) makes one of a definition, and .build() of a builder
      begun,
      validateOrder,
    ),

  builderInMap: () =>
    map(
      "orders",
      (ctx: { carts: { cartId: string; amount: number }[] }) => ctx.carts,
      // @ts-expect-error this is a builder: call .build()
      begun,
    ),

  builderThatRuns: () =>
    // @ts-expect-error call .build() and run the pipeline that it makes
    begun.run({ cartId: "c1", amount: 5 }),

  misspeltOptionOfBuild: () =>
    pipeline({ name: "checkout" }).step(validateOrder).build({
      // @ts-expect-error 'outputs' does not exist in type 'BuildOptions<Schema<unknown, unknown>, { cartId: string; amount: number; orderId: string; total: number; }>'. Did you mean to write 'output'?
      outputs: argsSchema,
    }),

  builderOutput: () =>
    pipeline({ name: "checkout", argsSchema })
      .step(validateOrder)
      // @ts-expect-error output needs { chargeId: string } which no step provides
      .build({ output: type({ chargeId: "string" }) }),
};
