import type { ItemInfo } from "../api/info.ts";
import type { GroupOptions } from "../api/policy.ts";
import { startEffect } from "../effect/start_effect.ts";
import { keepEffect } from "../effect/predicate.ts";
import { expose } from "../engine/expose.ts";
import { collectionNode } from "../groups/collection_node.ts";
import type { NoContext } from "../types/combinators.ts";
import type { Also, Filtered, ItemOf, ItemsOf, Takes } from "../types/items.ts";
import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";

/**
 * Collects, in order under a key, the items of a collection for which a predicate holds. A type
 * guard narrows their type.
 *
 * @param key The key of the kept items.
 * @param items Returns the collection, as in `map`.
 * @param keep The predicate, called with the item, the context, and `{ index, signal, key, defer
 * }`. It may be asynchronous. If it throws, the run fails with a `PredicateError`.
 * @param options `concurrency` and `onFailure`, as in `parallel.with`.
 * @returns A step named `filter(<key>)`.
 * @throws {ConfigError} If an argument is invalid.
 *
 * @example Usage
 * ```ts
 * import { filter, pipeline } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const even = filter("even", (ctx: { numbers: number[] }) => ctx.numbers, (n) => n % 2 === 0);
 * const result = await pipeline({ name: "p", steps: [even] }).run({ numbers: [1, 2, 3, 4] });
 * assertEquals(result.success && result.data.even, [2, 4]);
 * ```
 */
export function filter<
  const K extends string,
  L,
  I = ItemOf<L>,
  C = NoContext,
  J extends I = I,
  D = C,
>(
  key: K,
  items: ItemsOf<L, C>,
  keep: Takes<
    L,
    I,
    | ((item: I, ctx: D, info: ItemInfo) => item is J)
    | ((item: I, ctx: D, info: ItemInfo) => MaybePromise<boolean>)
  >,
  options: GroupOptions = {},
): Filtered<K, Also<C, D>, J> {
  const effect = keepEffect(keep as (item: unknown, ctx: Context, info: ItemInfo) => unknown);
  return expose(collectionNode({
    combinator: "filter",
    key,
    items,
    callback: ["keep", keep],
    options,
    policies: ["abort", "settle"],
    run: (branch, ctx) => startEffect(effect, ctx, branch, branch),
    // Flat by one level only: an item may be a list itself.
    gather: (kept) => kept.flat(),
  }));
}
