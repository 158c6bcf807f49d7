import type { Outcome } from "../api/host.ts";
import type { RollbackInfo } from "../api/info.ts";
import { type Due, Journal } from "../run/journal.ts";
import type { Run } from "../run/scope.ts";
import { after, type MaybePromise } from "../values/maybe_promise.ts";
import { attemptEffect } from "./attempts.ts";
import type { Effect } from "./effect.ts";

/** Carries out an undo. It is shielded: what cancels the run does not cancel it. */
export function performUndo(run: Run, due: Due, error: Error): MaybePromise<Outcome> {
  const { name: path, id, effectKey, ctx, output, retry, timeout, call } = due;
  const effect: Effect = {
    kind: "undo",
    retry,
    timeout,
    // All its attempts undo the one effect.
    idempotent: true,
    call: (_site, info) => call(info.shown<RollbackInfo>()),
  };
  // What an undo does is not undone.
  const journal = new Journal(() => ({ ok: true, value: undefined }));
  const scope = { run, path, journal, cancellation: undefined, deep: false };
  const site = { id, path, ctx, output, scope, error, effectKey };
  return after(
    attemptEffect(effect, site),
    (ended): Outcome => ended.ok ? { ok: true, value: ended.value } : ended,
  );
}
