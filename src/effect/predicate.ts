import { errorWith } from "../report/error_with.ts";
import { PredicateError } from "../report/errors.ts";
import type { Scope } from "../run/scope.ts";
import { failure, type Settled } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { attempt } from "./attempt.ts";
import type { Effect } from "./effect.ts";
import type { AttemptInfo } from "./info.ts";
import { compensateLate } from "./late.ts";

/** Whether a predicate of the user's holds; a failure when it throws. */
export function holds(
  id: string,
  ctx: Context,
  scope: Scope,
  call: (info: AttemptInfo) => unknown,
): MaybePromise<Settled<boolean>> {
  const { path, cancellation } = scope;
  const effect: Effect = {
    kind: "predicate",
    call: (_site, info) => call(info),
    onLate: compensateLate,
  };
  return attempt<Settled<boolean>>(effect, { id, path, ctx }, scope, (outcome) => {
    if (outcome.ok) return { ok: true, output: Boolean(outcome.value), ran: false };
    const { error: cause } = outcome;
    const error = cause === cancellation?.error ? cause : errorWith(
      PredicateError,
      message`Cannot go on in '${path}' as its predicate threw: ${shown(cause)}`,
      { cause },
    );
    return failure(error, path, false);
  });
}
