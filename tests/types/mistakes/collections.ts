// Mistakes with collections.
import { distribute, filter, flatMap, map, pipeline } from "@runsheet/runsheet";
import { type } from "arktype";
import { argsSchema, chargePayment, validateOrder } from "./checkout.ts";

interface Order {
  orderId: string;
  total: string;
}

const shop = pipeline({
  name: "shop",
  argsSchema: type({
    orders: type({ orderId: "string", total: "string" }).array(),
    ids: "number[]",
  }),
});

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  itemsOfAnotherType: () =>
    map(
      "charges",
      (ctx: { orders: Order[] }) => ctx.orders,
      // @ts-expect-error step 'chargePayment' needs { total: number } but an item has { total: string }
      chargePayment,
    ),

  itemsOfAnotherTypeUnderAKey: () =>
    map(
      "charges",
      (ctx: { ids: Set<number> }) => ctx.ids,
      // @ts-expect-error step 'chargePayment' needs { orderId: string } but an item is number
      chargePayment,
      { as: "orderId" },
    ),

  itemsWithoutKeys: () =>
    map(
      "charges",
      (ctx: { ids: string[] }) => ctx.ids,
      // @ts-expect-error an item is string, not an object of keys: say by 'as' under which key step 'chargePayment' finds it
      chargePayment,
    ),

  itemsThatLackAKey: () =>
    pipeline({
      name: "checkout",
      argsSchema: type({ orders: type({ orderId: "string" }).array() }),
      steps: [
        // @ts-expect-error step 'map(charges)' needs { total: number } which nothing before it provides
        map("charges", (ctx: { orders: { orderId: string }[] }) => ctx.orders, chargePayment),
      ],
    }),

  itemsThatMayLackAKey: () =>
    pipeline({
      name: "checkout",
      argsSchema: type({ orders: type({ orderId: "string", "total?": "number" }).array() }),
      steps: [
        // @ts-expect-error step 'map(charges)' needs { total: number } which nothing before it provides
        map(
          "charges",
          (ctx: { orders: { orderId: string; total?: number }[] }) => ctx.orders,
          chargePayment,
        ),
      ],
    }),

  misspeltAs: () =>
    map("charges", (ctx: { ids: string[] }) => ctx.ids, chargePayment, {
      // @ts-expect-error step 'chargePayment' does not need 'oderId' (did you mean 'orderId'?)
      as: "oderId",
    }),

  functionOfOtherItems: () =>
    map(
      "totals",
      (ctx: { orders: Order[] }) => ctx.orders,
      // @ts-expect-error this function takes { total: number } but an item has { total: string }
      (order: { total: number }) => order.total,
    ),

  filterOfOtherItems: () =>
    filter(
      "dear",
      (ctx: { ids: string[] }) => ctx.ids,
      // @ts-expect-error this function takes number but an item is string
      (id: number) => id > 5,
    ),

  noCollection: () =>
    map(
      "totals",
      // @ts-expect-error items must be a collection, such as an array, but it is number
      (ctx: { count: number }) => ctx.count,
      (item) => item,
    ),

  collectionThatMayBeMissing: () =>
    filter(
      "dear",
      // @ts-expect-error items must be a collection, such as an array, but it is undefined | number[]
      (ctx: { prices?: number[] }) => ctx.prices,
      (price) => price > 5,
    ),

  unannotatedContext: () =>
    map(
      "totals",
      // @ts-expect-error Property 'orders' does not exist on type 'ContextOf<{}, "annotate ctx to read it, or use the builder">'.
      (ctx) => ctx.orders,
      (order) => order,
    ),

  flatMapOfNoList: () =>
    flatMap(
      "lengths",
      (ctx: { words: string[] }) => ctx.words,
      // @ts-expect-error this function must give a list but it gives number
      (word) => word.length,
    ),

  listThatIsSpread: () =>
    distribute(
      "charges",
      { total: "orderId" },
      // @ts-expect-error step 'chargePayment' needs { total: number } but distribute gives it the items of 'total' one by one
      chargePayment,
    ),

  // ------------------------------------------------------------------ options

  misspeltOptionOfMap: () =>
    map("totals", (ctx: { ids: number[] }) => ctx.ids, (id) => id, {
      // @ts-expect-error but 'concurency' does not exist in type 'MapOptions & { readonly as?: undefined; readonly onFailure?: undefined; }'. Did you mean to write 'concurrency'?
      concurency: 2,
    }),

  misspeltOptionOfFilter: () =>
    filter("dear", (ctx: { ids: number[] }) => ctx.ids, (id) => id > 5, {
      // @ts-expect-error but 'onFailur' does not exist in type 'GroupOptions'. Did you mean to write 'onFailure'?
      onFailur: "settle",
    }),

  misspeltOptionOfDistribute: () =>
    distribute("charges", { orderIds: "orderId" }, chargePayment, {
      // @ts-expect-error Did you mean to write 'onFailure'?
      onFailur: "collect",
    }),

  // ------------------------------------------------------------------ builder

  builderItemsOfAnotherType: () =>
    shop.map(
      "charges",
      (ctx) => ctx.orders,
      // @ts-expect-error step 'chargePayment' needs { total: number } but an item has { total: string }
      chargePayment,
    ),

  builderItemsOfAnotherTypeUnderAKey: () =>
    shop.map(
      "charges",
      (ctx) => ctx.ids,
      // @ts-expect-error step 'chargePayment' needs { orderId: string } but an item is number
      chargePayment,
      { as: "orderId" },
    ),

  builderItemsThatLackAKey: () =>
    shop.map(
      "orders",
      (ctx) => ctx.orders,
      // @ts-expect-error step 'map(orders)' needs { cartId: string; amount: number } which nothing before it provides
      validateOrder,
    ),

  builderFunctionOfOtherItems: () =>
    shop.map(
      "totals",
      (ctx) => ctx.ids,
      // @ts-expect-error this function takes string but an item is number
      (id: string) => id.length,
    ),

  builderNoCollection: () =>
    pipeline({ name: "checkout", argsSchema }).flatMap(
      "items",
      // @ts-expect-error items must be a collection, such as an array, but it is number
      (ctx) => ctx.amount,
      (item) => [item],
    ),

  builderListOfOtherItems: () =>
    shop.distribute(
      "charges",
      { ids: "orderId" },
      // @ts-expect-error step 'distribute(charges)' needs { total: number } which nothing before it provides
      chargePayment,
    ),

  builderListOfAnotherType: () =>
    pipeline({ name: "shop", argsSchema: type({ ids: "number[]", total: "number" }) }).distribute(
      "charges",
      { ids: "orderId" },
      // @ts-expect-error step 'distribute(charges)' needs { ids: readonly string[] } but by then it is { ids: number[] }
      chargePayment,
    ),

  misspeltOptionOfFlatMap: () =>
    flatMap(
      "letters",
      (ctx: { words: string[] }) => ctx.words,
      (word) => [...word],
      // @ts-expect-error 'concurency' does not exist in type 'ItemOptions & { readonly onFailure?: undefined; }'. Did you mean to write 'concurrency'?
      { concurency: 2 },
    ),

  builderMisspeltOptionOfMap: () =>
    shop.map(
      "more",
      (ctx) => ctx.ids,
      (id) => id + 1,
      // @ts-expect-error 'concurency' does not exist in type 'MapOptions & { readonly as?: undefined; readonly onFailure?: undefined; }'. Did you mean to write 'concurrency'?
      { concurency: 2 },
    ),
};
