import type { RetryPolicy } from "../api/policy.ts";
import { Retries } from "../effect/retry_decision.ts";
import { waitBefore } from "../effect/wait_before.ts";
import { addErrors, ValidationError } from "../report/errors.ts";
import { unlessGivenUp, untilCancelled } from "../run/cancellation.ts";
import { attemptId, recordId, stepPath } from "../run/paths.ts";
import { recordedValue } from "../run/recorded_value.ts";
import type { Scope } from "../run/scope.ts";
import { type Ending, failure, settle, type Settled } from "../run/settled.ts";
import type { Context } from "../values/context.ts";

/**
 * Runs a pipeline as often as its policy allows. A failed attempt is undone before the next one
 * starts, which has its own ids and keys, and waits for abandoned calls that must not overlap.
 */
export async function retryPipeline(
  retry: RetryPolicy,
  name: string,
  args: Context,
  scope: Scope,
  runOnce: (scope: Scope) => Ending,
): Promise<Settled> {
  const { run, path, watch, journal, cancellation } = scope;
  const { mark } = journal;
  const called = stepPath(path) || name;
  const { retryIf } = retry;
  let id: string;
  const retries = new Retries(called, {
    ...retry,
    // A durable host records the answer, which may be another one later.
    ...(retryIf && run.seam.durable && {
      retryIf: (errors: readonly Error[]) =>
        recordedValue(
          run,
          { id: recordId(id, "retry"), kind: "predicate", path: called, ctx: args },
          () => retryIf(errors),
        ),
    }),
  });
  // Abandoned calls that must not overlap with another attempt.
  const open = new Set<Promise<unknown>>();
  const hold = (call: Promise<unknown>) => {
    open.add(call);
    call.then(() => open.delete(call));
  };
  try {
    for (let number = 1;; number++) {
      id = attemptId(path, number);
      const attempt = {
        effect: { kind: "attempt", retry } as const,
        id: path,
        path: stepPath(path),
        number,
      };
      const own = watch?.beginAttempt(attempt);
      const begin = () => runOnce({ ...scope, path: number === 1 ? path : id, watch: own, hold });
      const settled = await settle(own ? own.endStep(own.within(begin)) : begin());
      if (settled.ok) return settled;
      const { error, failedStep, executed } = settled;
      const ran = number > 1 || settled.ran;
      const fail = (error: Error) => failure(error, stepPath(failedStep), ran, executed);
      // Committed effects cannot be undone, and another attempt would repeat them.
      if (error instanceof ValidationError || journal.isCommitted(mark)) return fail(error);
      if (!cancellation?.error) {
        const decision = await unlessGivenUp(retries.decide(number, error), cancellation);
        if (decision?.final) return fail(decision.final);
        if (decision) {
          const notUndone = await journal.undoBefore(`retry '${called}'`, error, scope, mark, id);
          if (notUndone) return fail(notUndone);
          const { ms } = decision;
          if (ms > 0) await waitBefore(number + 1, ms, attempt, scope, cancellation);
          const closing = Promise.all(open);
          await (cancellation ? untilCancelled(closing, cancellation) : closing);
        }
      }
      if (cancellation?.error) {
        addErrors(cancellation.error, retries.errors);
        return fail(cancellation.error);
      }
    }
  } finally {
    for (const call of open) scope.hold?.(call);
  }
}
