import { attempt } from "./attempt.ts";
import type { AttemptInfo } from "./attempt_info.ts";
import type { Context } from "./context.ts";
import { PredicateError } from "./errors.ts";
import type { FailedBranch } from "./fan_out.ts";
import { compensateLate } from "./late.ts";
import type { Scope } from "./scope.ts";
import { show } from "./show.ts";

/** Whether a predicate of the user's holds; a failure when it throws. */
export async function holds(
  id: string,
  ctx: Context,
  scope: Scope,
  call: (info: AttemptInfo) => unknown,
): Promise<{ readonly ok: true; readonly value: boolean } | FailedBranch> {
  const { path, cancellation } = scope;
  const outcome = await attempt({
    kind: "predicate",
    id,
    path,
    ctx,
    call,
    onLate: (late) => compensateLate(late, ctx, scope),
  }, scope);
  if (outcome.ok) return { ok: true, value: Boolean(outcome.value) };
  const { error: cause } = outcome;
  const error = cause === cancellation?.error
    ? cause
    : new PredicateError(`Cannot go on in '${path}' as its predicate threw: ${show(cause)}`, {
      cause,
    });
  return { ok: false, error, failedStep: path, ran: false };
}
