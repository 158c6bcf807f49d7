// Mistakes with one step.
import { step } from "@runsheet/runsheet";
import { type } from "arktype";

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
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
      // @ts-expect-error a step returns an object of keys or nothing, not number
      run: () => 42,
    }),

  outputThatIsAList: () =>
    step({
      name: "list",
      // @ts-expect-error a step returns an object of keys or nothing, not number[]
      run: async () => await Promise.resolve([1, 2]),
    }),

  outputThatIsAMap: () =>
    step({
      name: "index",
      // @ts-expect-error a step returns an object of keys or nothing, not Map<string, number>
      run: (ctx: { orderId: string }) => new Map([[ctx.orderId, 1]]),
    }),

  outputThatIsADate: () =>
    step({
      name: "now",
      // @ts-expect-error a step returns an object of keys or nothing, not Date
      run: () => new Date(),
    }),

  outputThatIsAResponse: () =>
    step({
      name: "load",
      // @ts-expect-error a step returns an object of keys or nothing, not Response
      run: () => fetch("https://shop.example"),
    }),

  outputForgotten: () =>
    step({
      name: "charge",
      provides: type({ chargeId: "string" }),
      // @ts-expect-error run must return { chargeId: string }, as provides says, but it returns nothing
      run: async (ctx: { orderId: string }) => {
        await Promise.resolve(ctx.orderId);
      },
    }),

  outputForgottenInOneCase: () =>
    step({
      name: "charge",
      provides: type({ chargeId: "string" }),
      // @ts-expect-error run must return { chargeId: string }, as provides says, but it sometimes returns nothing
      run: (ctx: { orderId: string }) => {
        if (ctx.orderId !== "") return { chargeId: ctx.orderId };
      },
    }),

  unannotatedContext: () =>
    step({
      name: "charge",
      // @ts-expect-error Property 'total' does not exist on type 'ContextOf<{}, "annotate ctx to read it, or give requires">'.
      run: (ctx) => ({ charged: ctx.total }),
    }),

  unannotatedContextOfRollback: () =>
    step({
      name: "charge",
      run: () => ({ chargeId: "c1" }),
      // @ts-expect-error Property 'total' does not exist on type 'ContextOf<{}, "annotate ctx to read it, or give requires">'.
      rollback: (ctx, output) => [ctx.total, output.chargeId],
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

  schemaOfADate: () =>
    step({
      name: "count",
      // @ts-expect-error this must be a schema of an object
      requires: type("Date"),
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

  misspeltRetry: () =>
    step({
      name: "charge",
      // @ts-expect-error 'cuont' does not exist in type 'RetryPolicy'. Did you mean to write 'count'?
      retry: { cuont: 2 },
      run: () => ({ chargeId: "c1" }),
    }),

  misspeltBackoff: () =>
    step({
      name: "charge",
      // @ts-expect-error Did you mean '"exponential"'?
      retry: { count: 2, backoff: "exponental" },
      run: () => ({ chargeId: "c1" }),
    }),
};
