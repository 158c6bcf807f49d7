import { AttemptInfo, UndoInfo } from "./attempt_info.ts";
import { backoff } from "./backoff.ts";
import { callOnce, type GivenUp } from "./call_once.ts";
import type { Patience } from "./config.ts";
import type { Context } from "./context.ts";
import { RollbackError } from "./errors.ts";
import { Journal } from "./journal.ts";
import { outlast } from "./outlast.ts";
import { Retries } from "./retries.ts";
import type { Run, Scope } from "./scope.ts";
import { show } from "./show.ts";
import type { MaybePromise, RetryPolicy, Undo, UndoPolicy } from "./types.ts";
import type { Call, Outcome } from "./types_host.ts";

/** A function of the user's, to be called until it succeeds or may not be tried again. */
export interface Effect extends Patience {
  /** What kind of code it is. */
  readonly kind: Call["kind"];
  /** Its id without the attempt. */
  readonly id: string;
  /** What messages and reports call it. */
  readonly path: string;
  /** The context it sees. */
  readonly ctx: Context;
  /** What is to be undone. */
  readonly output?: unknown;
  /** When to try again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout?: number | undefined;
  /** Calls the user's function. */
  readonly call: (info: AttemptInfo) => unknown;
  /** Told how an attempt came out that had been given up. */
  readonly onLate?: (late: LateAttempt) => MaybePromise<void>;
}

/** An attempt that came out after it had been given up. */
export interface LateAttempt {
  /** What it was told, and what it deferred since then. */
  readonly info: AttemptInfo;
  /** How it came out. */
  readonly outcome: Outcome;
  /** Why its effect is undone at once; without it the effect is undone with those of the run. */
  readonly reason: Error | undefined;
}

/** What an effect came to, after so many attempts; 0 when none was allowed to start. */
export type Attempted = Outcome & { readonly attempts: number };

/** Calls an effect, and again as its retry policy says; what failed attempts deferred is undone in between. */
export async function attempt(effect: Effect, scope: Scope): Promise<Attempted> {
  const { journal, cancellation, run } = scope;
  const { id, path, retry } = effect;
  const mark = journal.mark;
  const retries = new Retries(path, retry);
  for (let attempts = 1;; attempts++) {
    if (cancellation?.error) {
      return { ok: false, error: cancellation.error, attempts: attempts - 1 };
    }
    const outcome = await performOnce(effect, scope, attempts, retries);
    if (outcome.ok) return { ...outcome, attempts };
    if (cancellation?.error) {
      // One that is waited for may have failed of itself.
      const { error } = cancellation.givenUp ? cancellation : outcome;
      return { ok: false, error: error!, attempts };
    }
    const error = retries.finalError(attempts, outcome.error);
    if (error) return { ok: false, error, attempts };
    const notUndone = await journal.unwind(outcome.error, mark);
    if (notUndone.length > 0) {
      const causes = notUndone.map(({ error }) => error);
      return { ok: false, error: cannotRetry(path, outcome.error, causes), attempts };
    }
    const ms = backoff(retry!, attempts);
    if (ms > 0) await run.seam.sleep(`${id}@${attempts + 1}!wait`, ms, cancellation);
  }
}

/** One attempt, by way of the host; what it did is on the undo stack by the time it returns, unless it is watched. */
async function performOnce(
  effect: Effect,
  scope: Scope,
  attempt: number,
  retries: Retries,
): Promise<Outcome> {
  const { kind, path, ctx, output, timeout, onLate } = effect;
  const { journal, cancellation, run } = scope;
  const id = kind !== "attempt" && attempt === 1 ? effect.id : `${effect.id}@${attempt}`;
  const call = {
    id,
    kind,
    path,
    attempt,
    ctx,
    ...(timeout !== undefined && { timeout }),
    ...(kind === "undo" && { output }),
  };
  const info = new AttemptInfo(run, effect.id, attempt);
  let landed: Outcome | undefined;
  const outcome = await run.seam.perform(call, async (hostSignal) => {
    const bounds = { path, timeout, cancellation, hostSignal };
    const called = await callOnce(effect.call, info, bounds);
    if (!("running" in called)) return withDeferred(called, info.deferred);
    const { error } = called;
    const isRetryDue = () => !retries.finalError(attempt, error);
    const late = await outlast(called, effect, cancellation, isRetryDue);
    if (late) landed = withDeferred(late, info.deferredLate);
    else watch(effect, info, called, run);
    return withDeferred({ ok: false, error, ...(landed && { late: landed }) }, info.deferred);
  });
  const { deferred } = info;
  const count = Math.max(outcome.deferred ?? 0, deferred.length);
  for (let n = 0; n < count; n++) {
    pushDeferred(deferred[n], `${effect.id}@${attempt}!defer${n + 1}`, ctx, scope, journal);
  }
  // A host may leave out what it does not know.
  const late = (outcome.ok ? undefined : outcome.late) ?? landed;
  if (late) await onLate?.({ info, outcome: late, reason: undefined });
  return outcome;
}

function withDeferred(outcome: Outcome, undos: readonly UndoPolicy[] = []): Outcome {
  return undos.length === 0 ? outcome : { ...outcome, deferred: undos.length };
}

/** Sees to it that an attempt which is not waited for any more is undone and reported when it settles. */
function watch(effect: Effect, info: AttemptInfo, { error, running }: GivenUp, run: Run): void {
  const compensated = running
    .then((outcome) => effect.onLate?.({ info, outcome, reason: error }))
    .catch((thrown) => {
      // A host that has cancelled the run calls nothing any more; `run()` has rejected with its reason.
      if (!run.seam.interruption) throw thrown;
    });
  run.waitUntil(compensated);
}

function cannotRetry(
  path: string,
  cause: Error,
  causes: readonly Error[],
): RollbackError {
  const message = `Cannot retry '${path}' as what its last attempt did must be undone first: ${
    causes.map(show).join("; ")
  }`;
  return new RollbackError(message, causes, { cause });
}

/** Puts one undo that an attempt deferred on the stack. */
export function pushDeferred(
  undo: UndoPolicy | undefined,
  id: string,
  ctx: Context,
  scope: Scope,
  journal: Journal,
): void {
  const { run, retry, timeout } = undo ?? { run: () => lostUndo(id) };
  pushUndo({ id, path: `${scope.path} (deferred)`, ctx, retry, timeout }, scope, journal, run);
}

function lostUndo(id: string): never {
  const constraint = "its function must be in this process: it was deferred in another one";
  throw new RollbackError(`Cannot undo '${id}' as ${constraint}`, []);
}

/** An undo that is due when the run fails. */
export type UndoEffect = Omit<Effect, "kind" | "call">;

/** Puts an undo on the stack. It is shielded: what cancels the run does not cancel it. */
export function pushUndo(
  effect: UndoEffect,
  scope: Scope,
  journal: Journal,
  undo: Undo,
): void {
  journal.push({
    step: effect.path,
    undo: (error) =>
      attempt({
        ...effect,
        kind: "undo",
        call: (info) => undo(new UndoInfo(info, error)),
        onLate: ({ info, outcome }) => tellLateUndo(effect.path, info, outcome, scope),
        // A journal of its own: before it is tried again it must not unwind that of a run which goes on.
      }, { ...scope, cancellation: undefined, journal: new Journal() }),
  });
}

/** An attempt of an undo that lands late has undone its effect: nothing is left to be undone. */
function tellLateUndo(
  step: string,
  { attempt }: AttemptInfo,
  outcome: Outcome,
  { run }: Scope,
): void {
  run.tellLate(
    outcome.ok
      ? { step, attempt, outcome: "compensated", undo: true }
      : { step, attempt, outcome: "rejected", undo: true, error: outcome.error },
  );
}
