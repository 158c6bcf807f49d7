import type { ItemInfo } from "../api/info.ts";
import { failure } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import type { Effect } from "./attempt.ts";
import { takesInfo } from "./takes_info.ts";

/** The effect of a user function called for each item. */
export function itemEffect(
  call: (item: unknown, ctx: Context, info: ItemInfo, path: string) => unknown,
): Effect<unknown> {
  return {
    kind: "item",
    seesInfo: takesInfo(call, 2),
    call: (attempt) => call(attempt.extra!.item, attempt.ctx, attempt.shown(), attempt.path),
    succeed(attempt, output) {
      attempt.stand(output, output);
      return { ok: true, output, ran: true };
    },
    fail: (attempt, error, ran) => failure(error, attempt.path, ran),
  };
}
