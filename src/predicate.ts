import { attempt, type Effect } from "./attempt.ts";
import type { AttemptInfo } from "./attempt_info.ts";
import type { Context } from "./context.ts";
import { PredicateError } from "./errors.ts";
import type { FailedBranch } from "./fan_out.ts";
import { compensateLate } from "./late.ts";
import type { Scope } from "./scope.ts";
import { show } from "./show.ts";
import type { MaybePromise } from "./types.ts";

/** What a predicate said, or its failure. */
export type Decision = { readonly ok: true; readonly value: boolean } | FailedBranch;

/** Whether a predicate of the user's holds; a failure when it throws. */
export function holds(
  id: string,
  ctx: Context,
  scope: Scope,
  call: (info: AttemptInfo) => unknown,
): MaybePromise<Decision> {
  const { path, cancellation } = scope;
  const effect: Effect = {
    kind: "predicate",
    call: (_site, info) => call(info),
    onLate: compensateLate,
  };
  return attempt<Decision>(effect, { id, path, ctx }, scope, (outcome) => {
    if (outcome.ok) return { ok: true, value: Boolean(outcome.value) };
    const { error: cause } = outcome;
    const error = cause === cancellation?.error
      ? cause
      : new PredicateError(`Cannot go on in '${path}' as its predicate threw: ${show(cause)}`, {
        cause,
      });
    return { ok: false, error, failedStep: path, ran: false };
  });
}
