import type { Call, Outcome } from "../api/host.ts";
import type { Undo, UndoPolicy } from "../api/info.ts";
import { RollbackError } from "../report/errors.ts";
import { notUndoneError } from "../report/not_undone.ts";
import type { Cancellation } from "../run/cancellation.ts";
import { Journal } from "../run/journal.ts";
import type { Scope } from "../run/scope.ts";
import type { Context } from "../values/context.ts";
import { after, type MaybePromise } from "../values/maybe_promise.ts";
import { callOnce, type GivenUp, settle, type Site } from "./call.ts";
import type { Attempted, Effect, LateAttempt } from "./effect.ts";
import { outlast } from "./grace.ts";
import { AttemptInfo, UndoInfo } from "./info.ts";
import { backoff, Retries } from "./retry.ts";

/**
 * Calls an effect, and again as its retry policy says; what failed attempts deferred is undone in between. Goes on with
 * what it came to, at once unless there was something to wait for.
 */
export function attempt<T>(
  effect: Effect,
  site: Site,
  scope: Scope,
  next: (attempted: Attempted) => MaybePromise<T>,
): MaybePromise<T> {
  const { cancellation, journal } = scope;
  if (cancellation?.error) return next({ ok: false, error: cancellation.error, ran: false });
  const { mark } = journal;
  const retries = effect.retry && new Retries(site.path, effect.retry);
  return performOnce(effect, site, scope, 1, retries, (outcome) => {
    if (outcome.ok) return next(outcome);
    const error = finalError(outcome.error, 1, retries, cancellation);
    if (error) return next({ ok: false, error, ran: true });
    return tryAgain(effect, site, scope, mark, retries, outcome.error).then(next);
  });
}

async function tryAgain(
  effect: Effect,
  site: Site,
  scope: Scope,
  mark: number,
  retries: Retries | undefined,
  firstError: Error,
): Promise<Attempted> {
  const { journal, cancellation, run } = scope;
  const { id, path } = site;
  let cause = firstError;
  for (let attempts = 1;; attempts++) {
    const notUndone = await journal.unwind(cause, mark);
    if (notUndone.length > 0) {
      const error = notUndoneError(`retry '${path}'`, notUndone, cause);
      return { ok: false, error, ran: true };
    }
    const ms = backoff(effect.retry!, attempts);
    if (ms > 0) await run.seam.sleep(`${id}@${attempts + 1}!wait`, ms, cancellation);
    if (cancellation?.error) return { ok: false, error: cancellation.error, ran: true };
    const outcome = await performOnce<Outcome>(
      effect,
      site,
      scope,
      attempts + 1,
      retries,
      (outcome) => outcome,
    );
    if (outcome.ok) return outcome;
    const error = finalError(outcome.error, attempts + 1, retries, cancellation);
    if (error) return { ok: false, error, ran: true };
    cause = outcome.error;
  }
}

/** What a failed attempt fails for good with; `undefined` when another one is due. */
function finalError(
  error: Error,
  attempt: number,
  retries: Retries | undefined,
  cancellation: Cancellation | undefined,
): Error | undefined {
  if (!cancellation?.error) return retries ? retries.finalError(attempt, error) : error;
  // One that is waited for may have failed of itself.
  return cancellation.givenUp ? cancellation.error : error;
}

/** One attempt, by way of the host; what it did is on the undo stack when it goes on, unless it is watched. */
function performOnce<T>(
  effect: Effect,
  site: Site,
  scope: Scope,
  attempt: number,
  retries: Retries | undefined,
  next: (outcome: Outcome) => MaybePromise<T>,
): MaybePromise<T> {
  const { cancellation, run } = scope;
  const info = new AttemptInfo(run, site.id, attempt, cancellation);
  if (run.seam.isDirect && effect.timeout === undefined && !cancellation?.canGiveUp) {
    return settle(effect, site, info, (outcome) => {
      info.release();
      if (info.deferred) pushAllDeferred(site, info, 0, scope);
      return next(outcome);
    });
  }
  const goOn = ({ outcome, landed }: Performed) => {
    pushAllDeferred(site, info, outcome.deferred, scope);
    // A host may leave out what it does not know.
    const late = (outcome.ok ? undefined : outcome.late) ?? landed;
    const told = late &&
      effect.onLate?.({ info, outcome: late, reason: undefined }, site.ctx, scope);
    return told ? told.then(() => next(outcome)) : next(outcome);
  };
  if (!run.seam.isDirect) return performByHost(effect, site, scope, info, retries).then(goOn);
  const bounds = { timeout: effect.timeout, cancellation, hostSignal: undefined };
  return after(
    callOnce(effect, site, info, bounds),
    (called) =>
      "running" in called
        ? giveUp(called, effect, site, scope, info, retries).then(goOn)
        : goOn({ outcome: called }),
  );
}

/** What an attempt came to, and how it landed after all, if it was given up and waited for. */
interface Performed {
  readonly outcome: Outcome;
  readonly landed?: Outcome | undefined;
}

/** One attempt by way of the host. */
async function performByHost(
  effect: Effect,
  site: Site,
  scope: Scope,
  info: AttemptInfo,
  retries: Retries | undefined,
): Promise<Performed> {
  const { cancellation, run } = scope;
  let landed: Outcome | undefined;
  const call = describe(effect, site, info.attempt);
  const outcome = await run.seam.perform(call, async (hostSignal) => {
    const bounds = { timeout: effect.timeout, cancellation, hostSignal };
    const called = await callOnce(effect, site, info, bounds);
    if (!("running" in called)) return withDeferred(called, info.deferred);
    const given = await giveUp(called, effect, site, scope, info, retries);
    ({ landed } = given);
    return given.outcome;
  });
  return { outcome, landed };
}

/** Waits for an attempt that was given up as long as it may, and watches it from then on. */
async function giveUp(
  called: GivenUp,
  effect: Effect,
  site: Site,
  scope: Scope,
  info: AttemptInfo,
  retries: Retries | undefined,
): Promise<Performed> {
  const { error } = called;
  const isRetryDue = () => retries !== undefined && !retries.finalError(info.attempt, error);
  const late = await outlast(called, effect, scope.cancellation, isRetryDue);
  const landed = late && withDeferred(late, info.deferredLate);
  if (!landed) watch(effect, site, info, called, scope);
  const outcome: Outcome = { ok: false, error, ...(landed && { late: landed }) };
  return { outcome: withDeferred(outcome, info.deferred), landed };
}

function pushAllDeferred(
  { id, ctx }: Site,
  { attempt, deferred = [] }: AttemptInfo,
  known: number | undefined,
  scope: Scope,
): void {
  const count = Math.max(known ?? 0, deferred.length);
  for (let n = 0; n < count; n++) {
    pushDeferred(deferred[n], `${id}@${attempt}!defer${n + 1}`, ctx, scope, scope.journal);
  }
}

/** An attempt as a host is told of it. */
function describe({ kind, timeout }: Effect, site: Site, attempt: number): Call {
  const { id, path, ctx, output } = site;
  return {
    id: kind !== "attempt" && attempt === 1 ? id : `${id}@${attempt}`,
    kind,
    path,
    attempt,
    ctx,
    ...(timeout !== undefined && { timeout }),
    ...(kind === "undo" && { output }),
  };
}

function withDeferred(outcome: Outcome, undos: readonly UndoPolicy[] = []): Outcome {
  return undos.length === 0 ? outcome : { ...outcome, deferred: undos.length };
}

/** Sees to it that an attempt which is not waited for any more is undone and reported when it settles. */
function watch(
  { onLate, overlap }: Effect,
  { ctx }: Site,
  info: AttemptInfo,
  { error, running }: GivenUp,
  scope: Scope,
): void {
  const { run } = scope;
  if (overlap === "never") scope.hold?.(running);
  const compensated = running
    .then((outcome) => onLate?.({ info, outcome, reason: error }, ctx, scope))
    .catch((thrown) => {
      // A host that has cancelled the run calls nothing any more; `run()` has rejected with its reason.
      if (!run.seam.interruption) throw thrown;
    });
  run.waitUntil(compensated);
}

/** Puts one undo that an attempt deferred on the stack. */
export function pushDeferred(
  undo: UndoPolicy | undefined,
  id: string,
  ctx: Context,
  scope: Scope,
  journal: Journal,
): void {
  const site = { id, path: `${scope.path} (deferred)`, ctx };
  const policy = undo ?? { run: () => lostUndo(id) };
  journal.push({
    step: site.path,
    undo: (error) => attemptUndo(policy, site, scope, policy.run, error),
  });
}

function lostUndo(id: string): never {
  const constraint = "its function must be in this process: it was deferred in another one";
  throw new RollbackError(`Cannot undo '${id}' as ${constraint}`, []);
}

/** Undoes an effect. It is shielded: what cancels the run does not cancel it. */
export function attemptUndo(
  { retry, timeout }: Pick<Effect, "retry" | "timeout">,
  site: Site,
  scope: Scope,
  undo: Undo,
  error: Error,
): MaybePromise<Outcome> {
  const effect: Effect = {
    kind: "undo",
    retry,
    timeout,
    call: (_site, info) => undo(new UndoInfo(info, error)),
    onLate: tellLateUndo,
  };
  // A journal of its own: before it is tried again it must not unwind that of a run which goes on.
  const own = { ...scope, path: site.path, cancellation: undefined, journal: new Journal() };
  return attempt<Outcome>(effect, site, own, (outcome) => outcome);
}

/** An attempt of an undo that lands late has undone its effect: nothing is left to be undone. */
function tellLateUndo(
  { info: { attempt }, outcome }: LateAttempt,
  _ctx: Context,
  { path: step, run }: Scope,
): void {
  run.tellLate(
    outcome.ok
      ? { step, attempt, outcome: "compensated", undo: true }
      : { step, attempt, outcome: "rejected", undo: true, error: outcome.error },
  );
}
