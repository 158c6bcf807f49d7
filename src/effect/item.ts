import type { ItemInfo } from "../api/info.ts";
import type { Scope } from "../run/scope.ts";
import { failure, type Settled } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import { after, type MaybePromise } from "../values/maybe_promise.ts";
import { attemptEffect } from "./attempts.ts";
import type { Effect } from "./effect.ts";

/** A function of the user's that is called for each item. */
export function itemEffect(
  call: (item: unknown, ctx: Context, info: ItemInfo, path: string) => unknown,
): Effect {
  return {
    kind: "item",
    call: ({ item, ctx, path }, info) => call(item, ctx, info.shown(), path),
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
  return after(
    attemptEffect(effect, { id: path, path, ctx, scope, item, index }),
    (ended): Settled<unknown> => {
      if (!ended.ok) return failure(ended.error, path, ended.ran);
      ended.attempt.stand(ended.value, ended.value);
      return { ok: true, output: ended.value, ran: true };
    },
  );
}
