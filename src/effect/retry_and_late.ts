import type { Outcome } from "../api/host.ts";
import { addErrors } from "../report/errors.ts";
import type { Scope } from "../run/scope.ts";
import type { Settled } from "../run/settled.ts";
import { Cancellation, untilGivenUp } from "../run/cancellation.ts";
import type { Due, Entry } from "../run/journal.ts";
import type { RollbackFailure } from "../api/result.ts";
import { callId } from "../run/paths.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";
import { Attempt, type Effect, type Shared } from "./attempt.ts";
import type { Performed, Retrying } from "./give_up.ts";
import { Returned } from "./handlers.ts";
import { perform } from "./perform.ts";
import { type Decision, Retries } from "./retry_decision.ts";
import { isSameEffect, TakenOnce } from "./taken_once.ts";
import { LATE_MS, trackCall } from "./track_call.ts";
import { waitBefore } from "./wait_before.ts";

/** The error an effect fails with: once its scope is given up, the cancellation's error. */
export function endedBy(error: Error, { cancellation }: Scope): Error {
  return cancellation?.givenUp ? cancellation.error! : error;
}

/**
 * Manages the attempts of one effect in one run once there may be more than one: it decides which
 * key the next attempt sends, which late success is adopted, which one counts as the same effect,
 * and ensures that each effect is undone only once.
 */
export class Attempts<T> implements Shared, Entry, Retrying {
  readonly #effect: Effect<T>;
  readonly #first: Attempt;
  readonly #scope: Scope;
  readonly #retries: Retries;
  #all: Attempt[];
  #generation = 1;
  /** The generations under which something has been, or is due to be, undone. */
  readonly #burnt = new Set<number>();
  readonly taken: TakenOnce;
  /** Late successes that may still be adopted. */
  #kept: Attempt[] = [];
  /** The retry in flight that has not been given up. */
  #current: Attempt | undefined;
  /** Attempts that share its key; their deferred undos wait until it settles. */
  readonly #waiting = new Set<Attempt>();
  #isDecided = false;
  #standing: Attempt | undefined;
  /** Abandoned attempts that have not settled yet. */
  readonly #underWay = new Set<Attempt>();
  /** The wait before a retry; an adoptable late success ends it early. */
  #pause: Cancellation | undefined;
  /** Why an idempotent effect must be undone once all of its attempts have settled. */
  #undoneBy: Error | undefined;
  /** Late attempts of an idempotent effect, reported when the effect is undone. */
  readonly #unreported: Attempt[] = [];
  /** Whether undos of it are running, and whether any have run before. */
  #isBeingUndone = false;
  #isUndone = false;
  /** Serializes the undos of attempts that land together. */
  #undoing: Promise<void> = Promise.resolve();

  constructor(first: Attempt, effect: Effect<T>) {
    this.#effect = effect;
    this.#first = first;
    this.#scope = first.scope;
    this.#retries = new Retries(first.path, first.effect.retry);
    this.#all = [first];
    this.taken = new TakenOnce(first.effect.idempotent === true);
  }

  async continueAfter(performed: Performed): Promise<Settled<T>> {
    const { id, path, ctx, scope, extra } = this.#first;
    const { cancellation, journal } = scope;
    const { mark } = journal;
    for (;;) {
      const attempt = this.#all.at(-1)!;
      const { outcome } = performed;
      if (outcome.ok) return await this.#succeed(attempt, outcome.value);
      this.#record(attempt, performed, outcome.error);
      const decision = await this.#decide(attempt, outcome.error, outcome.retry);
      const { final } = decision;
      if (final && !this.#adoptable()) return await this.#fail(final);
      await this.#pushKept((kept) => !this.#isAdoptable(kept));
      const failedId = callId(this.#effect.kind, id, attempt.number);
      const action = `retry '${path}'`;
      const notUndone = await journal.undoBefore(action, outcome.error, scope, mark, failedId);
      if (notUndone) return await this.#fail(notUndone);
      if (!decision.final && !this.#adoptable()) {
        await this.#wait(attempt.number + 1, decision.ms);
      }
      const landed = this.#adoptable();
      if (landed) return await this.#adopt(landed);
      const error = final ?? cancellation?.error;
      if (error) return await this.#fail(error);
      const number = attempt.number + 1;
      const next = new Attempt(this.#effect, ctx, scope, extra, number, this.#generation);
      next.shared = this;
      next.watch = scope.watch?.beginAttempt(next);
      // Retries may be endless, so drop the attempts that failed and deferred nothing.
      this.#all = this.#all.filter((one) => !one.hasFailed || one.deferredCount > 0);
      this.#all.push(next);
      this.#current = next;
      performed = await perform(next, () => this);
    }
  }

  /** Whether a retry will follow an abandoned attempt. */
  async isRetryDue(attempt: Attempt): Promise<boolean> {
    const error = attempt.cancellation!.error!;
    return !(await this.#decide(attempt, error)).final;
  }

  async askRetryIf(attempt: Attempt, error: Error): Promise<boolean | undefined> {
    await this.#decide(attempt, error);
    return this.#retries.answerTo(attempt.number);
  }

  hasDeferred(attempt: Attempt): boolean {
    if (!this.#all.includes(attempt)) {
      this.#all.unshift(attempt);
      attempt.undoneBy ??= this.#undoneBy;
    }
    if (this.#effect.idempotent) return false;
    // Its undo runs at once, or together with the earlier ones.
    if (attempt.hasFailed || attempt.undoneBy) {
      if (this.#spare(attempt)) return true;
      this.#burn(attempt);
    } else if (this.#underWay.has(attempt)) {
      this.#retireKey(attempt);
      this.#startClock(attempt);
    }
    return false;
  }

  /**
   * Spares the deferred undos of an attempt without a result while its key is in use by another.
   */
  #spare(attempt: Attempt): boolean {
    const other = this.#current ?? this.#standing;
    if (attempt.result || attempt.inside || !other || other === attempt) return false;
    if (other.undoneBy || other.generation !== attempt.generation) return false;
    this.#retireKey(attempt);
    // A key that was never read is not in use. Under a host, another process may have read it.
    if (!other.isKeyRead && this.#scope.run.seam.isDirect) {
      other.generation = this.#generation;
      return false;
    }
    if (other === this.#current) this.#waiting.add(attempt);
    else other.takeOver(attempt);
    return true;
  }

  /** Ends the current attempt, and settles those that waited for it. */
  #endWaiting(): void {
    this.#current = undefined;
    const { run } = this.#scope;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const attempt of waiting) run.trackLate(this.#settleLate(attempt));
  }

  entryOf(attempt: Attempt): Entry {
    return this.#effect.idempotent ? this : attempt;
  }

  get isStanding(): boolean | undefined {
    return this.#standing?.isStanding;
  }

  /** Takes the next undo of an idempotent effect, whose attempts share one entry. */
  takeUndo(error: Error): Due | undefined {
    this.#undoneBy ??= error;
    for (const attempt of this.#underWay) this.#startClock(attempt);
    if (this.#underWay.size > 0) return undefined;
    const due = this.#takeNext(error);
    if (!due) return undefined;
    this.#isBeingUndone = true;
    for (const attempt of this.#all) attempt.wasUndone = true;
    return due;
  }

  #takeNext(error: Error): Due | undefined {
    const main = this.#main.takeUndo(error);
    if (main) return main;
    for (const attempt of this.#all.toReversed()) {
      attempt.undoneBy ??= error;
      const deferred = attempt.takeDeferred(error);
      if (deferred) return deferred;
    }
  }

  onUndone(notUndone: readonly RollbackFailure[]): void {
    if (this.#underWay.size > 0) return;
    const isUndoDelayed = this.#all.some((attempt) => attempt.isUndoDelayed);
    const isRepeated = this.#isUndone && !this.#isBeingUndone;
    this.#isUndone ||= this.#isBeingUndone;
    this.#isBeingUndone = false;
    for (const attempt of this.#unreported.splice(0)) {
      attempt.isRepeated = isRepeated;
      attempt.isUndoDelayed = isUndoDelayed;
      attempt.reportUndone(notUndone);
    }
  }

  get #main(): Attempt {
    return this.#standing ?? this.#all.find(({ result }) => result) ?? this.#all.at(-1)!;
  }

  async #decide(attempt: Attempt, error: Error, recorded?: boolean): Promise<Decision> {
    const { cancellation } = this.#scope;
    if (cancellation?.error) return { final: endedBy(error, this.#scope) };
    const asked = this.#retries.decide(attempt.number, error, recorded);
    const decision = await (isPromise(asked) ? untilGivenUp(asked, cancellation) : asked);
    return decision ?? { final: cancellation!.error! };
  }

  /** Records an attempt that failed or was given up. */
  #record(attempt: Attempt, { landed, running }: Performed, error: Error): void {
    // The cancellation's own error is not a failure of the attempt.
    if (error !== this.#scope.cancellation?.error) this.#retries.note(attempt.number, error);
    attempt.reason = error;
    if (running) {
      this.#watch(attempt, running);
      return this.#endWaiting();
    }
    attempt.hasSettled = true;
    if (landed?.ok) {
      attempt.result = new Returned(landed.value);
      this.#kept.push(attempt);
      return;
    }
    this.#endWaiting();
    attempt.hasFailed = true;
    if (landed) {
      this.#retries.noteLate(landed.error);
      attempt.rejection = landed.error;
    }
    if (!this.#effect.idempotent) attempt.pushDoomed(error);
    if (landed && !attempt.isPushed) attempt.report("rejected", [], landed.error);
    if (attempt.hasPartEffects) this.#burn(attempt);
  }

  #watch(attempt: Attempt, running: Promise<Outcome>): void {
    const { run, hold } = this.#scope;
    this.#underWay.add(attempt);
    if (this.#effect.overlap === "never") hold?.(running);
    if (attempt.hasPartEffects && !this.#effect.idempotent) {
      this.#retireKey(attempt);
      this.#startClock(attempt);
    }
    const landing = running.then((outcome) => this.#land(attempt, outcome));
    trackCall(run, this.#effect, landing);
  }

  /** Retires the key of an attempt: later attempts send a new one. */
  #retireKey({ generation }: Attempt): void {
    if (generation === this.#generation) this.#generation++;
  }

  #burn(attempt: Attempt): void {
    if (this.#effect.idempotent) return;
    this.#burnt.add(attempt.generation);
    this.#retireKey(attempt);
  }

  /** Starts the clock after which due undos run even if their attempt never settles. */
  #startClock(attempt: Attempt): void {
    if (attempt.clock !== undefined) return;
    attempt.clock = setTimeout(() => {
      this.#underWay.delete(attempt);
      this.#scope.run.trackLate(this.#settleLate(attempt));
    }, this.#effect.lateMs ?? LATE_MS);
  }

  /** Handles the outcome of an abandoned attempt. */
  async #land(attempt: Attempt, outcome: Outcome): Promise<void> {
    this.#underWay.delete(attempt);
    clearTimeout(attempt.clock);
    if (outcome.ok) attempt.result = new Returned(outcome.value);
    else {
      attempt.hasFailed = true;
      attempt.rejection = outcome.error;
    }
    if (outcome.ok && !this.#isDecided && this.#isAdoptable(attempt)) {
      this.#kept.push(attempt);
      this.#waiting.delete(attempt);
      this.#pause?.cancel(attempt.reason!);
      return;
    }
    await this.#settleLate(attempt);
  }

  /** Leaves a late attempt alone if its effect is the standing one, and undoes it otherwise. */
  async #settleLate(attempt: Attempt): Promise<void> {
    const { effect: { kind, idempotent }, rejection } = attempt;
    if (kind === "undo") {
      return attempt.report(rejection ? "rejected" : "compensated", [], rejection);
    }
    if (idempotent) {
      if (this.#undoneBy) {
        if (!this.#unreported.includes(attempt)) this.#unreported.push(attempt);
        const reason = this.#undoneBy;
        if (this.#underWay.size > 0) return;
        this.#undoing = this.#undoing.then(() => attempt.undoApart(reason));
        return await this.#undoing;
      }
      return attempt.report(rejection ? "rejected" : "same-effect", [], rejection);
    }
    const standing = this.#standing;
    if (standing && !standing.undoneBy && !attempt.inside && isSameEffect(attempt, standing)) {
      standing.takeOver(attempt);
      return attempt.report("same-effect", []);
    }
    if (attempt.hasPartEffects && this.#spare(attempt)) {
      if (rejection && !this.#waiting.has(attempt)) attempt.report("rejected", [], rejection);
      return;
    }
    attempt.isLate = true;
    await this.#check(attempt);
    if (attempt.hasEffects) this.#burn(attempt);
    await attempt.undoApart(attempt.reason!);
  }

  #isAdoptable({ undoneBy, generation }: Attempt): boolean {
    return !undoneBy && !this.#burnt.has(generation) && !this.#scope.cancellation?.givenUp;
  }

  /** A late success that can become the step's result. */
  #adoptable(): Attempt | undefined {
    return this.#kept.find((kept) => this.#isAdoptable(kept));
  }

  #adopt(attempt: Attempt): MaybePromise<Settled<T>> {
    this.#kept = this.#kept.filter((kept) => kept !== attempt);
    attempt.report(this.#effect.kind === "undo" ? "compensated" : "adopted", []);
    return this.#succeed(attempt, attempt.result!.raw);
  }

  #succeed(attempt: Attempt, value: unknown): MaybePromise<Settled<T>> {
    this.#isDecided = true;
    this.#standing = attempt;
    attempt.result ??= new Returned(value);
    const { run } = this.#scope;
    for (const kept of this.#kept.splice(0)) run.trackLate(this.#settleLate(kept));
    this.#endWaiting();
    return this.#effect.succeed(attempt, value);
  }

  async #fail(error: Error): Promise<Settled<T>> {
    const { journal, cancellation } = this.#scope;
    this.#isDecided = true;
    if (error === cancellation?.error) addErrors(error, this.#retries.errors);
    await this.#pushKept(() => true);
    this.#endWaiting();
    if (this.#effect.idempotent && this.#effect.kind === "attempt") journal.push(this);
    return this.#effect.fail(this.#first, error, true);
  }

  /** Pushes late successes that cannot be adopted onto the journal, to be undone. */
  async #pushKept(isLeft: (kept: Attempt) => boolean): Promise<void> {
    const left = this.#kept.filter(isLeft);
    this.#kept = this.#kept.filter((kept) => !left.includes(kept));
    for (const kept of left) {
      kept.isLate = true;
      await this.#check(kept);
      if (this.#effect.idempotent) this.#unreported.push(kept);
      kept.pushDoomed(kept.reason!);
      if (!kept.isPushed) kept.report("no-handler", []);
    }
  }

  /** Validates an attempt's value into the output that its rollback receives. */
  async #check({ effect: { check }, result }: Attempt): Promise<void> {
    if (!result || !check) return;
    // A cancelled scope would skip the validation.
    const { run, path, journal, deep } = this.#scope;
    const scope = { run, path, journal, deep, watch: undefined, cancellation: undefined };
    const checked = await check(result.raw, scope);
    result.output = checked.ok ? checked.output : result.raw;
  }

  async #wait(attempt: number, ms: number): Promise<void> {
    if (ms <= 0) return;
    const { cancellation } = this.#scope;
    const pause = this.#pause = this.#underWay.size > 0
      ? new Cancellation(cancellation)
      : undefined;
    await waitBefore(attempt, ms, this.#first, this.#scope, pause ?? cancellation);
    this.#pause = undefined;
    pause?.release();
  }
}
