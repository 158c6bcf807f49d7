import type { ItemInfo } from "../api/info.ts";
import { success } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import type { Effect } from "./attempt.ts";
import { makeEffect } from "./make_effect.ts";
import { takesInfo } from "./takes_info.ts";

/** The effect of a user function called for each item. */
export function itemEffect(
  call: (item: unknown, ctx: Context, info: ItemInfo) => unknown,
): Effect<unknown> {
  return makeEffect({
    kind: "item",
    seesInfo: takesInfo(call, 2),
    call: (attempt) => call(attempt.extra!.item, attempt.ctx, attempt.shown()),
    succeed(attempt, output) {
      attempt.stand(output, output);
      return success(output);
    },
  });
}
