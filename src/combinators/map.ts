import type { ItemInfo } from "../api/info.ts";
import type { ItemOptions, MapOptions } from "../api/policy.ts";
import { startEffect } from "../effect/start_effect.ts";
import { itemEffect } from "../effect/item.ts";
import { expose } from "../engine/expose.ts";
import { refusePivot } from "../engine/children.ts";
import { nodeOf } from "../engine/node.ts";
import { freezeEach } from "../groups/collect_items.ts";
import { collectionNode } from "../groups/collection_node.ts";
import { runForItem } from "../groups/run_for_item.ts";
import { checkKey, checkObject, refuse } from "../report/checks.ts";
import { RequiresValidationError } from "../report/errors.ts";
import { readObject } from "../report/read_object.ts";
import type { Scope } from "../run/scope.ts";
import { failure } from "../run/settled.ts";
import type { NoContext } from "../types/combinators.ts";
import type { Also, AsFits, ItemFits, ItemOf, ItemsOf, Mapped, PerItem } from "../types/items.ts";
import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";

/**
 * Calls a function, or runs a step, for every item of a collection, and collects the results in
 * order under a key.
 *
 * The function is called with the item, the context, and `{ index, signal, key, defer }`; to undo
 * its effects, use `defer`. A step sees the context plus the item's own keys, or plus the item
 * under the key `as`; its validation, retry, timeout and rollback apply to each item.
 *
 * @param key The key of the results.
 * @param items Returns the collection: an array, a Set, a Map's values, or any other iterable or
 * async iterable. It is called with the context and `{ signal }`. The collection is read as there
 * is room for its items. If the group ends early, the collection is closed: a web stream is
 * cancelled, a Node stream destroyed.
 * @param each The function or the step.
 * @param options `concurrency`, `onFailure`, `as`.
 * @returns A step named `map(<key>)`.
 * @throws {ConfigError} If an argument is invalid.
 *
 * @example A function
 * ```ts
 * import { map, pipeline } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const namesOf = (ctx: { names: string[] }) => ctx.names;
 * const greetings = map("greetings", namesOf, (name) => `Hello ${name}`);
 * const result = await pipeline({ name: "p", steps: [greetings] }).run({ names: ["Ann", "Bob"] });
 * assertEquals(result.success && result.data.greetings, ["Hello Ann", "Hello Bob"]);
 * ```
 *
 * @example A step, two items at a time, continuing without those that fail
 * ```ts
 * import { map, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const send = step({
 *   name: "send",
 *   run: (ctx: { email: string }) => {
 *     if (!ctx.email.includes("@")) throw new Error("no address");
 *     return { sent: ctx.email };
 *   },
 * });
 * const users = [{ email: "ann@example.com" }, { email: "bob" }];
 * const mails = map("mails", () => users, send, { concurrency: 2, onFailure: "collect" });
 * const result = await pipeline({ name: "p", steps: [mails] }).run();
 * const sent = result.success &&
 *   result.data.mails.map((mail) => "sent" in mail ? mail.sent : mail.error.message);
 * assertEquals(sent, ["ann@example.com", "no address"]);
 * ```
 */
export function map<
  const K extends string,
  L,
  I = ItemOf<L>,
  O = unknown,
  C = NoContext,
  S = never,
  const As extends string | undefined = undefined,
  const F extends ItemOptions["onFailure"] = undefined,
  D = C,
>(
  key: K,
  items: ItemsOf<L, C>,
  each: PerItem<ItemFits<S, L, As>, S, L, I, D, O>,
  options: MapOptions & { readonly as?: AsFits<S, As, L>; readonly onFailure?: F } = {},
): Mapped<K, ItemOf<L>, Also<C, D>, S, As, O, F> {
  const node = nodeOf(each);
  const effect = itemEffect(each as (item: unknown, ctx: Context, info: ItemInfo) => unknown);
  const action = `create map(${String(key)})`;
  if (node) refusePivot(action, [node]);
  checkObject(action, options);
  const own = { ...options };
  const { as } = own;
  if (as !== undefined) checkKey(action, "as", as);
  if (as !== undefined && !node) {
    refuse(action, "'as' must stand beside a step", as);
  }
  return expose(collectionNode({
    combinator: "map",
    key,
    items,
    callback: node ? undefined : ["each", each],
    options: own,
    policies: ["abort", "settle", "collect"],
    moreOptions: ["as"],
    parts: node && {
      children: [node],
      rebuild: ([other]) => map<K, L, I, O, C>(key, items, cast(other), cast(own)),
    },
    run(branch, ctx) {
      if (!node) return startEffect(effect, ctx, branch, branch);
      const item = itemOf(branch.item, as, branch);
      return item instanceof Error
        ? failure(item, branch.path, false)
        : runForItem(node, item, ctx, branch);
    },
    ...(node && { gather: freezeEach }),
  }));
}

function itemOf(item: unknown, as: string | undefined, { path, deep }: Scope): Context | Error {
  const named = as === undefined ? item : { [as]: item };
  const problem = `Cannot run '${path}' as its item${
    as === undefined ? ", which 'as' does not name," : ""
  }`;
  return readObject(named, deep, RequiresValidationError, problem);
}
