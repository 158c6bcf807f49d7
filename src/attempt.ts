import { AttemptInfo, UndoInfo } from "./attempt_info.ts";
import { backoff } from "./backoff.ts";
import { callOnce } from "./call_once.ts";
import type { Context } from "./context.ts";
import { PredicateError, RetryExhaustedError, RollbackError } from "./errors.ts";
import type { Journal } from "./journal.ts";
import type { Scope } from "./scope.ts";
import { show } from "./show.ts";
import type { RetryPolicy, Undo, UndoPolicy } from "./types.ts";
import type { Call, Outcome } from "./types_host.ts";

/** A function of the user's, to be called until it succeeds or may not be tried again. */
export interface Effect {
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
  readonly onLate?: (late: LateAttempt) => Promise<void>;
}

/** An attempt that came out after it had been given up. */
export interface LateAttempt {
  /** What it was told, and what it deferred since then. */
  readonly info: AttemptInfo;
  /** How it came out. */
  readonly outcome: Outcome;
  /** Why it had been given up. */
  readonly reason: Error;
}

/** What an effect came to, after so many attempts; 0 when none was allowed to start. */
export type Attempted = Outcome & { readonly attempts: number };

/** Calls an effect, and again as its retry policy says; what failed attempts deferred is undone in between. */
export async function attempt(effect: Effect, scope: Scope): Promise<Attempted> {
  const { journal, cancellation, run } = scope;
  const { id, path, retry } = effect;
  const mark = journal.mark;
  const errors: Error[] = [];
  for (let attempts = 1;; attempts++) {
    if (cancellation?.error) {
      return { ok: false, error: cancellation.error, attempts: attempts - 1 };
    }
    const outcome = await performOnce(effect, scope, attempts);
    if (outcome.ok) return { ...outcome, attempts };
    if (cancellation?.error) {
      // One that is waited for may have failed of itself.
      const { error } = cancellation.givenUp ? cancellation : outcome;
      return { ok: false, error: error!, attempts };
    }
    errors.push(outcome.error);
    const error = finalError(path, retry, errors);
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

/** One attempt, by way of the host; what it deferred is on the undo stack by the time it returns. */
async function performOnce(effect: Effect, scope: Scope, attempt: number): Promise<Outcome> {
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
  let taken: readonly UndoPolicy[] | undefined;
  const watch = (late: Promise<Outcome>, reason: Error) => {
    // Before it can come out: what it did until now is the run's to undo, and only the rest is late.
    taken = info.takeDeferred();
    const compensated = late.then((outcome) => onLate?.({ info, outcome, reason })).catch(
      (thrown) => {
        // A host that has cancelled the run calls nothing any more; `run()` has rejected with its reason.
        if (!run.seam.interruption) throw thrown;
      },
    );
    try {
      run.options.waitUntil?.(compensated);
    } catch (thrown) {
      // Not the step's failure: reported as what it is, an error that nobody handles.
      Promise.reject(thrown);
    }
  };
  const outcome = await run.seam.perform(call, async (hostSignal) => {
    const bounds = { path, timeout, cancellation, hostSignal };
    const outcome = await callOnce(effect.call, info, bounds, watch);
    const { length } = taken ??= info.takeDeferred();
    return length === 0 ? outcome : { ...outcome, deferred: length };
  });
  const deferred = taken ?? [];
  const count = Math.max(outcome.deferred ?? 0, deferred.length);
  for (let n = 0; n < count; n++) {
    pushDeferred(deferred[n], `${effect.id}@${attempt}!defer${n + 1}`, ctx, scope, journal);
  }
  return outcome;
}

/** What an effect fails with for good, or `undefined` when it is to be tried again. */
function finalError(
  path: string,
  retry: RetryPolicy | undefined,
  errors: readonly Error[],
): Error | undefined {
  const last = errors.at(-1)!;
  if (!retry || retry.count === 0) return last;
  try {
    if (retry.retryIf && !retry.retryIf([...errors])) return last;
  } catch (cause) {
    const error = new PredicateError(
      `Cannot retry '${path}' as its 'retryIf' threw: ${show(cause)}`,
      { cause },
    );
    return new AggregateError([last, error], error.message);
  }
  if (errors.length <= retry.count) return undefined;
  return new RetryExhaustedError(
    `Cannot retry '${path}' as its ${retry.count} retries are used up: ${show(last)}`,
    errors,
  );
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
  const shielded = { ...scope, cancellation: undefined };
  journal.push({
    step: effect.path,
    undo: (error) =>
      attempt({
        ...effect,
        kind: "undo",
        call: (info) => undo(new UndoInfo(info, error)),
      }, shielded),
  });
}
