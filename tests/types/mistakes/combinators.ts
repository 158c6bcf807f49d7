// Mistakes with combinators.
import { distribute, flatMap, map, pipeline, when } from "@runsheet/runsheet";
import { type } from "arktype";
import { chargePayment } from "./checkout.ts";

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
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
};
