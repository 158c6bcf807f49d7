import { errorWith } from "../report/error_with.ts";
import { PredicateError } from "../report/errors.ts";
import type { Scope } from "../run/scope.ts";
import { failure, type Settled } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import { after, type MaybePromise } from "../values/maybe_promise.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { attemptEffect } from "./attempts.ts";
import type { Effect } from "./effect.ts";
import type { LazyInfo } from "./info.ts";

/** Whether a predicate of the user's holds; a failure when it throws. `index` is the number of an item. */
export function holds(
  id: string,
  ctx: Context,
  scope: Scope,
  call: (info: LazyInfo) => unknown,
  index?: number,
): MaybePromise<Settled<boolean>> {
  const { path, cancellation } = scope;
  const effect: Effect = { kind: "predicate", call: (_site, info) => call(info) };
  const site = { id, path, ctx, scope, ...(index !== undefined && { index }) };
  return after(attemptEffect(effect, site), (ended): Settled<boolean> => {
    if (ended.ok) {
      ended.attempt.stand(ended.value, ended.value);
      return { ok: true, output: Boolean(ended.value), ran: false };
    }
    const { error: cause } = ended;
    const error = cause === cancellation?.error ? cause : errorWith(
      PredicateError,
      message`Cannot go on in '${path}' as its predicate threw: ${shown(cause)}`,
      { cause },
    );
    return failure(error, path, false);
  });
}
