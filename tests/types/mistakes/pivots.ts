// Mistakes after a pivot.
import { parallel, pipeline, step, when } from "@runsheet/runsheet";

const ship = step({
  name: "ship",
  pivot: true,
  run: (ctx: { orderId: string }) => ({ parcel: `parcel of ${ctx.orderId}` }),
});
const thank = step({
  name: "thank",
  run: (ctx: { parcel: string }) => ({ mail: `${ctx.parcel} is on its way` }),
});
const log = step({ name: "log", retry: { count: 0 }, run: () => {} });

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  withoutRetryAfterAPivot: () =>
    pipeline({
      name: "p",
      steps: [
        ship,
        log,
        // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry (retry: { count: 0 } tries it only once)
        thank,
        log,
      ],
    }),

  withoutRetryAfterAPivotOfABuilder: () =>
    pipeline({ name: "p" }).step(ship).step(log).step(
      // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry (retry: { count: 0 } tries it only once)
      thank,
    ),

  withoutRetryInAChoiceAfterAPivot: () =>
    pipeline({ name: "p" }).step(ship).choice(
      [() => true, log],
      // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry (retry: { count: 0 } tries it only once)
      [() => true, thank],
    ),

  alternativeWithoutRetryAfterAPivot: () =>
    pipeline({ name: "p" }).step(ship).fallback(
      thank,
      // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry (retry: { count: 0 } tries it only once)
      thank,
    ),

  alsoInTheWrongOrder: () =>
    pipeline({
      name: "p",
      steps: [
        ship,
        // @ts-expect-error step 'bill' needs { address: string } which nothing before it provides ('address' comes later)
        step({ name: "bill", run: (ctx: { address: string }) => ({ billed: ctx.address }) }),
        step({ name: "address", retry: { count: 1 }, run: () => ({ address: "" }) }),
      ],
    }),

  pivotOfAnotherType: () =>
    // @ts-expect-error Type 'string' is not assignable to type 'boolean | undefined'
    step({ name: "s", pivot: "yes", run: () => {} }),

  misspeltOptionOfAPivot: () =>
    // @ts-expect-error Object literal may only specify known properties, but 'rollBack' does not exist in type 'StepDefinition
    step({ name: "s", pivot: true, run: () => {}, rollBack: () => {} }),

  misspeltOptionOfRetry: () =>
    // @ts-expect-error Object literal may only specify known properties, but 'delays' does not exist in type 'RetryPolicy'
    step({ name: "s", run: () => {}, retry: { count: 1, delays: 5 } }),

  pivotThatNeedsMore: () =>
    pipeline({
      name: "p",
      steps: [
        // @ts-expect-error step 'parallel(thank)' needs { parcel: string } which nothing before it provides ('ship' comes later)
        parallel(thank),
        when(() => true, log),
        ship,
      ],
    }),
};
