import type { Outcome } from "../api/host.ts";
import type { RollbackFailure } from "../api/result.ts";
import { addErrors } from "../report/errors.ts";
import { notUndoneError } from "../report/not_undone.ts";
import { Cancellation, untilGivenUp } from "../run/cancellation.ts";
import type { Due, Entry } from "../run/journal.ts";
import { waitId } from "../run/paths.ts";
import { isEqual } from "../values/equal.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";
import { Attempt, type Shared } from "./attempt.ts";
import type { Effect, Site } from "./effect.ts";
import { perform, type Performed } from "./perform.ts";
import { backoff, type Decision, Retries } from "./retry.ts";

/** How an effect ended: with the attempt that stands, or without; `ran` says whether any was allowed to start. */
export type Attempted =
  | { readonly ok: true; readonly value: unknown; readonly attempt: Attempt }
  | { readonly ok: false; readonly error: Error; readonly ran: boolean };

/**
 * Calls an effect, and again as its retry policy says; what failed attempts did is undone in between. The undo of what
 * stands is for the caller to push, once it knows what the output is.
 */
export function attemptEffect(effect: Effect, site: Site): MaybePromise<Attempted> {
  const { scope: { cancellation } } = site;
  if (cancellation?.error) return { ok: false, error: cancellation.error, ran: false };
  const attempt = new Attempt(effect, site, 1, 1);
  const several = () => attempt.shared as Attempts | undefined ?? new Attempts(attempt);
  const goOn = (performed: Performed): MaybePromise<Attempted> => {
    const { outcome, landed, running } = performed;
    if (outcome.ok) return { ok: true, value: outcome.value, attempt };
    if (effect.retry || effect.idempotent || landed || running) return several().goOn(performed);
    attempt.pushPartEffects(outcome.error);
    return { ok: false, error: endedBy(outcome.error, site), ran: true };
  };
  const performed = perform(attempt, () => several().isRetryDue(attempt));
  return isPromise(performed) ? performed.then(goOn) : goOn(performed);
}

/** The error that an effect fails with: a run that is given up fails with the reason for that. */
function endedBy(error: Error, { scope: { cancellation } }: Site): Error {
  return cancellation?.givenUp ? cancellation.error! : error;
}

/**
 * The attempts of one effect in one run, once there may be more than one in flight or in turn: which key the next one
 * sends, which late success is adopted, which is the same effect, and what is undone once.
 */
class Attempts implements Shared, Entry {
  readonly #effect: Effect;
  readonly #site: Site;
  readonly #retries: Retries;
  readonly #all: Attempt[];
  #generation = 1;
  /** The keys under which something has been undone. */
  readonly #burnt = new Set<number>();
  readonly #keysTaken = new Set<number>();
  readonly #rolledBack: Attempt[] = [];
  /** Late successes that may yet become the step's. */
  #kept: Attempt[] = [];
  #isDecided = false;
  #standing: Attempt | undefined;
  /** Attempts that have been given up and are still under way. */
  readonly #underWay = new Set<Attempt>();
  /** The wait before a retry, which a late success ends. */
  #pause: Cancellation | undefined;
  /** Why an idempotent effect is to be undone, once no attempt is under way. */
  #undoneBy: Error | undefined;
  /** How many of its undos are being carried out, and whether any was before. */
  #undosTaken = 0;
  #isUndone = false;
  /** Two attempts that land together are undone one after the other. */
  #undoing = Promise.resolve();
  /** Those of its attempts that landed late, to be reported once it is undone. */
  readonly #landed: Attempt[] = [];

  constructor(first: Attempt) {
    this.#effect = first.effect;
    this.#site = first.site;
    this.#retries = new Retries(first.site.path, first.effect.retry);
    this.#all = [first];
    first.shared = this;
  }

  /** Continues after an attempt that did not succeed in time. */
  async goOn(performed: Performed): Promise<Attempted> {
    const { scope: { cancellation, journal }, id, path } = this.#site;
    const { mark } = journal;
    for (;;) {
      const attempt = this.#all.at(-1)!;
      const { outcome } = performed;
      if (outcome.ok) return this.#succeed(attempt, outcome.value);
      this.#takeIn(attempt, performed, outcome.error);
      const { final } = await this.#decide(attempt, outcome.error);
      if (final && !this.#adoptable()) return await this.#fail(final);
      await this.#pushKept((kept) => !this.#isAdoptable(kept));
      const notUndone = await journal.unwind(outcome.error, mark);
      if (notUndone.length > 0) {
        return await this.#fail(notUndoneError(`retry '${path}'`, notUndone, outcome.error));
      }
      if (!final && !this.#adoptable()) {
        const ms = backoff(this.#effect.retry!, attempt.number);
        await this.#wait(waitId(id, attempt.number + 1), ms);
      }
      const landed = this.#adoptable();
      if (landed) return this.#adopt(landed);
      if (final) return await this.#fail(endedBy(final, this.#site));
      if (cancellation?.error) return await this.#fail(cancellation.error);
      const next = new Attempt(this.#effect, this.#site, attempt.number + 1, this.#generation);
      next.shared = this;
      this.#all.push(next);
      performed = await perform(next, () => this.isRetryDue(next));
    }
  }

  /** Whether a retry follows an attempt that was given up. */
  async isRetryDue(attempt: Attempt): Promise<boolean> {
    const error = attempt.cancellation!.error!;
    return !(await this.#decide(attempt, error)).final;
  }

  takeKey({ generation }: Attempt): boolean {
    if (this.#keysTaken.has(generation)) return false;
    this.#keysTaken.add(generation);
    return true;
  }

  takeOutput(attempt: Attempt): boolean {
    if (this.#rolledBack.some((other) => isSameEffect(attempt, other))) return false;
    this.#rolledBack.push(attempt);
    return true;
  }

  hasDeferred(attempt: Attempt): void {
    if (!this.#underWay.has(attempt) || this.#effect.idempotent) return;
    this.#passOn(attempt);
    this.#startClock(attempt);
  }

  entryOf(attempt: Attempt): Entry {
    return this.#effect.idempotent ? this : attempt;
  }

  /** Takes the next undo of an idempotent effect: all its attempts are one. */
  takeUndo(error: Error): Due | undefined {
    this.#undoneBy ??= error;
    for (const attempt of this.#underWay) this.#startClock(attempt);
    if (this.#underWay.size > 0) return undefined;
    let due = this.#main.takeUndo(error);
    for (const attempt of this.#all.toReversed()) {
      attempt.undoneBy ??= error;
      due ??= attempt.takeDeferred();
    }
    if (due) this.#undosTaken++;
    return due;
  }

  onUndone(notUndone: readonly RollbackFailure[]): void {
    if (this.#underWay.size > 0) return;
    const undosTaken = this.#undosTaken;
    this.#undosTaken = 0;
    for (const attempt of this.#landed.splice(0)) {
      attempt.isRepeated = this.#isUndone && undosTaken === 0;
      attempt.reportUndone(notUndone, undosTaken);
    }
    this.#isUndone ||= undosTaken > 0;
  }

  get #main(): Attempt {
    return this.#standing ?? this.#all.find(({ result }) => result) ?? this.#all.at(-1)!;
  }

  async #decide(attempt: Attempt, error: Error): Promise<Decision> {
    const { cancellation } = this.#site.scope;
    if (cancellation?.error) return { final: endedBy(error, this.#site) };
    const asked = this.#retries.decide(attempt.number, error);
    const decision = await (isPromise(asked) ? untilGivenUp(asked, cancellation) : asked);
    return decision ?? { final: cancellation!.error };
  }

  /** Notes how an attempt ended that did not succeed in time. */
  #takeIn(attempt: Attempt, { landed, running }: Performed, error: Error): void {
    // The reason why the run ends says nothing of its own.
    if (error !== this.#site.scope.cancellation?.error) this.#retries.note(attempt.number, error);
    if (running) return this.#watch(attempt, running, error);
    attempt.hasSettled = true;
    if (landed?.ok) {
      attempt.result = { raw: landed.value, output: landed.value };
      this.#kept.push(attempt);
      return;
    }
    if (landed) {
      this.#retries.noteLate(landed.error);
      attempt.rejection = landed.error;
    }
    if (!this.#effect.idempotent) attempt.pushPartEffects(error);
    if (landed && !attempt.isPushed) attempt.report("rejected", [], landed.error);
    if (attempt.hasPartEffects) this.#burn(attempt);
  }

  #watch(attempt: Attempt, running: Promise<Outcome>, reason: Error): void {
    const { run, hold } = this.#site.scope;
    this.#underWay.add(attempt);
    attempt.reason = reason;
    if (this.#effect.overlap === "never") hold?.(running);
    if (attempt.hasPartEffects && !this.#effect.idempotent) {
      this.#passOn(attempt);
      this.#startClock(attempt);
    }
    run.watch(running.then((outcome) => this.#land(attempt, outcome)));
  }

  /** Leaves its key to an attempt: what comes after has another. */
  #passOn({ generation }: Attempt): void {
    if (generation === this.#generation && !this.#effect.idempotent) this.#generation++;
  }

  #burn(attempt: Attempt): void {
    this.#burnt.add(attempt.generation);
    this.#passOn(attempt);
  }

  /** What is due is undone after a while even if its attempt never settles. */
  #startClock(attempt: Attempt): void {
    if (attempt.clock !== undefined) return;
    attempt.clock = setTimeout(() => {
      this.#underWay.delete(attempt);
      this.#site.scope.run.watch(this.#settleLate(attempt));
    }, this.#effect.lateMs ?? LATE_MS);
  }

  /** Takes in how an attempt ended that had been given up. */
  async #land(attempt: Attempt, outcome: Outcome): Promise<void> {
    clearTimeout(attempt.clock);
    this.#underWay.delete(attempt);
    if (outcome.ok) attempt.result = { raw: outcome.value, output: outcome.value };
    else attempt.rejection = outcome.error;
    if (outcome.ok && !this.#isDecided && this.#isAdoptable(attempt)) {
      this.#kept.push(attempt);
      this.#pause?.cancel(attempt.reason!);
      return;
    }
    await this.#settleLate(attempt);
  }

  /** Leaves a late attempt alone where it is the effect that stands, and undoes it where it is not. */
  async #settleLate(attempt: Attempt): Promise<void> {
    const { effect: { kind, idempotent }, result, rejection } = attempt;
    if (kind === "undo") {
      return attempt.report(rejection ? "rejected" : "compensated", [], rejection);
    }
    if (idempotent) {
      if (!this.#undoneBy) {
        return attempt.report(rejection ? "rejected" : "same-effect", [], rejection);
      }
      await this.#dismiss(attempt);
      this.#landed.push(attempt);
      const reason = this.#undoneBy;
      this.#undoing = this.#undoing.then(() => attempt.undoApart(reason, this));
      return await this.#undoing;
    }
    const standing = this.#standing;
    if (standing && !standing.undoneBy && isSameEffect(attempt, standing)) {
      if (attempt.deferredCount > 0) this.#site.scope.run.strays.push(attempt);
      return attempt.report("same-effect", []);
    }
    await this.#dismiss(attempt);
    if (result || attempt.hasPartEffects) this.#burn(attempt);
    await attempt.undoApart(attempt.reason!);
  }

  /** Validates, for its undo, what an attempt has returned that is not the step's success. */
  async #dismiss(attempt: Attempt): Promise<void> {
    attempt.isLate = true;
    const { effect: { check }, result } = attempt;
    if (!result || !check) return;
    const scope = { ...this.#site.scope, cancellation: undefined };
    result.output = (await check(result.raw, scope)).output;
  }

  /** Puts on the journal what has landed and is not adopted. */
  async #pushKept(isDismissed: (kept: Attempt) => boolean): Promise<void> {
    const dismissed = this.#kept.filter(isDismissed);
    this.#kept = this.#kept.filter((kept) => !dismissed.includes(kept));
    for (const attempt of dismissed) {
      await this.#dismiss(attempt);
      if (this.#effect.idempotent) {
        this.#landed.push(attempt);
        continue;
      }
      attempt.push();
      if (!attempt.isPushed) attempt.report("no-handler", []);
    }
  }

  #isAdoptable({ undoneBy, generation }: Attempt): boolean {
    return !undoneBy && !this.#burnt.has(generation) && !this.#site.scope.cancellation?.givenUp;
  }

  /** A late success that becomes the step's, unless the run has been given up. */
  #adoptable(): Attempt | undefined {
    return this.#kept.find((kept) => this.#isAdoptable(kept));
  }

  #adopt(attempt: Attempt): Attempted {
    this.#kept = this.#kept.filter((kept) => kept !== attempt);
    attempt.report(this.#effect.kind === "undo" ? "compensated" : "adopted", []);
    return this.#succeed(attempt, attempt.result!.raw);
  }

  #succeed(attempt: Attempt, value: unknown): Attempted {
    this.#isDecided = true;
    this.#standing = attempt;
    attempt.result ??= { raw: value, output: value };
    const { run } = this.#site.scope;
    for (const kept of this.#kept.splice(0)) run.watch(this.#settleLate(kept));
    return { ok: true, value, attempt };
  }

  async #fail(error: Error): Promise<Attempted> {
    const { scope: { journal, cancellation } } = this.#site;
    this.#isDecided = true;
    if (error === cancellation?.error) addErrors(error, this.#retries.errors);
    await this.#pushKept(() => true);
    if (this.#effect.idempotent && this.#effect.kind === "attempt") journal.push(this);
    return { ok: false, error, ran: true };
  }

  async #wait(id: string, ms: number): Promise<void> {
    if (ms <= 0) return;
    const { run, cancellation } = this.#site.scope;
    const [pause, release] = this.#underWay.size === 0
      ? [cancellation, undefined]
      : cancellation?.child() ?? [new Cancellation(), undefined];
    this.#pause = pause === cancellation ? undefined : pause;
    await run.seam.sleep(id, ms, pause);
    this.#pause = undefined;
    release?.();
  }
}

/** The milliseconds after which what an attempt deferred is undone though it never settled. */
const LATE_MS = 60_000;

/** Whether two attempts have had one effect: by their key, and by an output that says something. */
function isSameEffect(a: Attempt, b: Attempt): boolean {
  const raw = a.result?.raw ?? undefined;
  try {
    return raw !== undefined && a.generation === b.generation && isEqual(raw, b.result?.raw);
  } catch {
    return false; // a getter of the user's may throw
  }
}
