import type { ItemInfo } from "../api/info.ts";
import { errorWith } from "../report/error_with.ts";
import { PredicateError } from "../report/errors.ts";
import { failure, success } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import type { Effect } from "./attempt.ts";
import { makeEffect } from "./make_effect.ts";
import { takesInfo } from "./takes_info.ts";

/** The effect of a user predicate on the context. */
export function predicateEffect(call: (ctx: Context) => unknown): Effect<boolean> {
  return makeEffect({ ...ends, call: ({ ctx }) => call(ctx) });
}

/** The effect of a user predicate on the items of a collection. */
export function itemPredicateEffect(
  call: (item: unknown, ctx: Context, info: ItemInfo) => unknown,
): Effect<boolean> {
  return makeEffect({
    ...ends,
    seesInfo: takesInfo(call, 2),
    call: (attempt) => call(attempt.extra!.item, attempt.ctx, attempt.shown()),
  });
}

const ends: Omit<Effect<boolean>, "call"> = {
  kind: "predicate",
  succeed(attempt, value) {
    attempt.stand(value, value);
    return success(Boolean(value), false);
  },
  fail({ path, scope: { cancellation } }, cause) {
    const error = cause === cancellation?.error ? cause : errorWith(
      PredicateError,
      message`Cannot go on in '${path}' as its predicate threw: ${shown(cause)}`,
      { cause },
    );
    return failure(error, path, false);
  },
};
