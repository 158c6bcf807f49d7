import type { Outcome } from "../api/host.ts";
import type { RollbackInfo } from "../api/info.ts";
import { type Due, Journal } from "../run/journal.ts";
import { ChildScope, type Run } from "../run/scope.ts";
import { settle, type Settled, success } from "../run/settled.ts";
import type { Watch } from "../run/watch.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";
import { makeEffect } from "./make_effect.ts";
import { startEffect } from "./start_effect.ts";

/** Carries out an undo, shielded from the run's cancellation. */
export function performUndo(
  run: Run,
  due: Due,
  watch: Watch | undefined,
  span?: "release",
): MaybePromise<Outcome> {
  const { name, ctx, retry, timeout } = due;
  const effect = retry || timeout !== undefined || span
    ? { ...undoing, span, retry, timeout }
    : undoing;
  const scope = new ChildScope(
    { run, journal: NO_JOURNAL, cancellation: undefined, deep: false },
    name,
    watch,
  );
  const settling = settle(startEffect(effect, ctx, scope, due));
  return isPromise(settling) ? settling.then(outcomeOf) : outcomeOf(settling);
}

const undoing = makeEffect<unknown>({
  kind: "undo",
  // All attempts undo the same effect.
  idempotent: true,
  call: (attempt) => attempt.extra!.call!(attempt.shown<RollbackInfo>()),
  succeed: (_attempt, output) => success(output),
});

function outcomeOf(settled: Settled<unknown>): Outcome {
  return settled.ok ? { ok: true, value: settled.output } : settled;
}

// An undo is never undone itself.
const NO_JOURNAL = new Journal({ performUndo: () => ({ ok: true, value: undefined }) });
