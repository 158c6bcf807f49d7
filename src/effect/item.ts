import type { ItemInfo } from "../api/info.ts";
import type { Scope } from "../run/scope.ts";
import { failure, type Settled } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { attempt } from "./attempt.ts";
import type { Effect } from "./effect.ts";
import { IndexedInfo } from "./info.ts";
import { compensateLate } from "./late.ts";

/** A function of the user's that is called for each item. */
export function itemEffect(
  call: (item: unknown, ctx: Context, info: ItemInfo, path: string) => unknown,
): Effect {
  return {
    kind: "item",
    call: ({ item, ctx, index, path }, info) =>
      call(item, ctx, new IndexedInfo(info, index!), path),
    onLate: compensateLate,
  };
}

/** Calls a function of the user's for an item. */
export function callForItem(
  effect: Effect,
  item: unknown,
  index: number,
  ctx: Context,
  scope: Scope,
): MaybePromise<Settled<unknown>> {
  const { path } = scope;
  return attempt<Settled<unknown>>(
    effect,
    { id: path, path, ctx, item, index },
    scope,
    (outcome) =>
      outcome.ok
        ? { ok: true, output: outcome.value, ran: true }
        : failure(outcome.error, path, outcome.ran),
  );
}
