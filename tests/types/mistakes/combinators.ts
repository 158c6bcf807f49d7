// Mistakes with combinators.
import { choice, distribute, map, parallel, pipeline, step, typed, when } from "@runsheet/runsheet";
import { type } from "arktype";
import { chargePayment } from "./checkout.ts";

type Payment = { kind: "bank"; iban: string } | { kind: "cash" };
const isBank = (
  ctx: { payment: Payment },
): ctx is { payment: Extract<Payment, { kind: "bank" }> } => ctx.payment.kind === "bank";
const takeCash = step({
  name: "takeCash",
  run: (ctx: { payment: { kind: "cash" }; drawer: string }) => ({ taken: ctx.drawer }),
});
const free = step({ name: "free", run: () => ({ gift: true }) });

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  predicateThatReadsTooMuch: () =>
    // @ts-expect-error Property 'vip' does not exist on type 'ContextOf<{ orderId: string; total: number; }, "to read more, annotate ctx or use the builder">'.
    when((ctx) => ctx.vip, chargePayment),

  guardOfAnotherStep: () =>
    pipeline({
      name: "checkout",
      argsSchema: typed<{ payment: Payment; drawer: string }>(),
      steps: [
        // @ts-expect-error step 'when(takeCash)' needs { payment: { kind: 'cash' } } but by then it is { payment: { iban: string; kind: 'bank' } | { kind: 'cash' } }
        when(isBank, takeCash),
      ],
    }),

  branchThatNothingRulesOut: () =>
    pipeline({
      name: "checkout",
      argsSchema: typed<{ payment: Payment; drawer: string; amount: number }>(),
      steps: [
        // @ts-expect-error step 'choice(free, takeCash)' needs { payment: { kind: 'cash' } } but by then it is { payment: { iban: string; kind: 'bank' } | { kind: 'cash' } }
        choice([(ctx: { amount: number }) => ctx.amount === 0, free], takeCash),
      ],
    }),

  defaultFirst: () =>
    choice(
      // @ts-expect-error only the last branch may be a default
      free,
      [(ctx) => ctx.total > 0, chargePayment],
    ),

  defaultInTheMiddle: () =>
    choice(
      [(ctx) => ctx.total > 0, chargePayment],
      // @ts-expect-error only the last branch may be a default
      free,
      [(ctx) => ctx.total < 0, chargePayment],
    ),

  twoDefaults: () =>
    choice(
      [(ctx) => ctx.total > 0, chargePayment],
      // @ts-expect-error only the last branch may be a default
      free,
      chargePayment,
    ),

  branchTheWrongWayAbout: () =>
    choice(
      // @ts-expect-error a branch is a pair of a predicate and a step, and the last may be a step
      [chargePayment, () => true],
      free,
    ),

  branchOfADefinition: () =>
    choice(
      [
        (ctx) => ctx.total > 0,
        // @ts-expect-error this is not a step
        { name: "free", run: () => ({ gift: true }) },
      ],
      free,
    ),

  mapOfADefinition: () =>
    map(
      "charges",
      (ctx: { ids: string[] }) => ctx.ids,
      // @ts-expect-error this is neither a function nor a step
      { name: "charge", run: () => ({ chargeId: "c1" }) },
    ),

  whenOfAFunction: () =>
    when(
      (ctx) => ctx.total > 0,
      // @ts-expect-error this is not a step: step({ … }) makes one of a definition, and .build() of a builder
      () => ({ gift: true }),
    ),

  parallelOfADefinition: () =>
    // @ts-expect-error this is not a step: step({ … }) makes one of a definition, and .build() of a builder
    parallel(chargePayment, { name: "free", retry: { count: 2 }, run: () => ({ gift: true }) }),

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

  misspeltOptionOfParallel: () =>
    // @ts-expect-error Did you mean to write 'concurrency'?
    parallel.with({ concurency: 2 })(chargePayment),

  predicateThatGivesNoBoolean: () =>
    // @ts-expect-error Type 'string' is not assignable to type 'MaybePromise<boolean>'.
    when((ctx) => ctx.orderId, chargePayment),
};
