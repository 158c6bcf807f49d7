import type { Outcome } from "../api/host.ts";
import type { RollbackInfo } from "../api/info.ts";
import { type Due, Journal } from "../run/journal.ts";
import type { Run } from "../run/scope.ts";
import type { Watch } from "../run/watch.ts";
import { failure, settle } from "../run/settled.ts";
import { andThen, type MaybePromise } from "../values/maybe_promise.ts";
import type { Effect } from "./attempt.ts";
import { startEffect } from "./start_effect.ts";

/** Carries out an undo, shielded from the run's cancellation. */
export function performUndo(
  run: Run,
  due: Due,
  error: Error,
  watch: Watch | undefined,
  span?: "release",
): MaybePromise<Outcome> {
  const { name: path, id, effectKey, ctx, output, undo, retry, timeout, of, call } = due;
  const effect: Effect<unknown> = {
    kind: "undo",
    span,
    retry,
    timeout,
    // All attempts undo the same effect.
    idempotent: true,
    call: (attempt) => call(attempt.shown<RollbackInfo>()),
    succeed: (_attempt, output) => ({ ok: true, output, ran: true }),
    fail: (attempt, error, ran) => failure(error, attempt.path, ran),
  };
  const scope = { run, path, watch, journal: NO_JOURNAL, cancellation: undefined, deep: false };
  return andThen(
    settle(startEffect(effect, ctx, scope, { id, output, error, effectKey, undo, of })),
    (settled): Outcome => settled.ok ? { ok: true, value: settled.output } : settled,
  );
}

// An undo is never undone itself.
const NO_JOURNAL = new Journal(() => ({ ok: true, value: undefined }));
