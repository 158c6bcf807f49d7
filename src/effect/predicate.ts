import type { ItemInfo } from "../api/info.ts";
import { errorWith } from "../report/error_with.ts";
import { PredicateError } from "../report/errors.ts";
import { failure, type SettledFailure, success } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import type { Attempt, Effect } from "./attempt.ts";
import { itemEffect } from "./item.ts";
import { makeEffect } from "./make_effect.ts";

/** The effect of a user predicate on the context. */
export function predicateEffect(call: (ctx: Context) => unknown): Effect<boolean> {
  return makeEffect({
    kind: "predicate",
    call: ({ ctx }) => call(ctx),
    succeed(attempt, value) {
      attempt.stand(value, value);
      return success(Boolean(value), false);
    },
    fail: (attempt, error) => fail(attempt, error, false),
  });
}

/** The effect of a user predicate on an item: a list of the item, empty if it is not kept. */
export function keepEffect(
  call: (item: unknown, ctx: Context, info: ItemInfo) => unknown,
): Effect<unknown[]> {
  return {
    ...itemEffect(call),
    kind: "predicate",
    succeed(attempt, value) {
      attempt.stand(value, value);
      return success(value ? [attempt.extra!.item] : []);
    },
    fail: (attempt, error) => fail(attempt, error, true),
  };
}

function fail(
  { path, scope: { cancellation } }: Attempt,
  cause: Error,
  ran: boolean,
): SettledFailure {
  const error = cause === cancellation?.error ? cause : errorWith(
    PredicateError,
    message`Cannot go on in '${path}' as its predicate threw: ${shown(cause)}`,
    { cause },
  );
  return failure(error, path, ran);
}
