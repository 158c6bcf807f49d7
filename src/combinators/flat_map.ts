import type { ItemInfo } from "../api/info.ts";
import type { ItemOptions } from "../api/policy.ts";
import type { Effect } from "../effect/attempt.ts";
import { startEffect } from "../effect/start_effect.ts";
import { itemEffect } from "../effect/item.ts";
import { expose } from "../engine/expose.ts";
import { collectionNode } from "../groups/collection_node.ts";
import { errorWith } from "../report/error_with.ts";
import { ProvidesValidationError } from "../report/errors.ts";
import type { NoContext } from "../types/combinators.ts";
import type { Also, FlatMapped, GivesList, ItemOf, ItemsOf, Takes } from "../types/items.ts";
import type { Context } from "../values/context.ts";
import { withValue } from "../values/show.ts";

/**
 * Calls a function that returns a list for every item of a collection, and joins the lists in order
 * under a key.
 *
 * @param key The key of the joined list.
 * @param items Returns the collection, as in `map`.
 * @param each The function, called with the item, the context, and `{ index, signal, key, defer }`;
 * it returns an array or another iterable. To undo its effects, use `defer`.
 * @param options `concurrency` and `onFailure`; with `"collect"`, a failed item adds its failure to
 * the list.
 * @returns A step named `flatMap(<key>)`.
 * @throws {ConfigError} If an argument is invalid.
 *
 * @example Usage
 * ```ts
 * import { flatMap, pipeline } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const ordersOf = (ctx: { orders: { items: string[] }[] }) => ctx.orders;
 * const lines = flatMap("lines", ordersOf, (order) => order.items);
 * const result = await pipeline({ name: "p", steps: [lines] })
 *   .run({ orders: [{ items: ["tea", "milk"] }, { items: ["cup"] }] });
 * assertEquals(result.success && result.data.lines, ["tea", "milk", "cup"]);
 * ```
 */
export function flatMap<
  const K extends string,
  L,
  I = ItemOf<L>,
  R = unknown,
  C = NoContext,
  const F extends ItemOptions["onFailure"] = undefined,
  D = C,
>(
  key: K,
  items: ItemsOf<L, C>,
  each: Takes<L, I, GivesList<I, D, R>>,
  options: ItemOptions & { readonly onFailure?: F } = {},
): FlatMapped<K, ItemOf<L>, Also<C, D>, R, F> {
  const call = each as (item: unknown, ctx: Context, info: ItemInfo) => unknown;
  // Read the list here, so that an error while iterating it fails only the item.
  const effect: Effect<unknown> = {
    ...itemEffect(call),
    async call(attempt) {
      const { extra, ctx, path } = attempt;
      return toArray(await call(extra!.item, ctx, attempt.shown()), path);
    },
  };
  return expose(collectionNode({
    combinator: "flatMap",
    key,
    items,
    callback: ["each", each],
    options,
    policies: ["abort", "settle", "collect"],
    run: (branch, ctx) => startEffect(effect, ctx, branch, branch),
    // A collected failure is added as a single element.
    gather: (lists) => lists.flat(),
  }));
}

function toArray(value: unknown, path: string): unknown[] {
  if (typeof value === "object" && value !== null && Symbol.iterator in value) {
    return [...value as Iterable<unknown>];
  }
  const constraint = "it must be an array or another iterable";
  const text = withValue(`Cannot use what '${path}' gave as ${constraint}`, value);
  throw errorWith(ProvidesValidationError, text, []);
}
