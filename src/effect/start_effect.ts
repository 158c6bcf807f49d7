import type { Scope } from "../run/scope.ts";
import type { Ending, Pending, Settled } from "../run/settled.ts";
import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";
import { isPromise, isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import { Attempt, type Effect } from "./attempt.ts";
import { Attempts, endedBy } from "./attempts.ts";
import { failed } from "./call.ts";
import type { Extra } from "./handlers.ts";
import { perform, type Performed } from "./perform.ts";

/**
 * Calls an effect and retries it according to its policy, undoing failed attempts in between. Once
 * it has settled, the undo of the standing attempt is on the journal.
 */
export function startEffect<T>(
  effect: Effect<T>,
  ctx: Context,
  scope: Scope,
  extra?: Extra,
): Ending<T> {
  const { cancellation, run } = scope;
  const first = new FirstAttempt<T>(effect, ctx, scope, extra);
  if (cancellation?.error) return effect.fail(first, cancellation.error, false);
  const mayBeGivenUp = effect.timeout !== undefined || cancellation?.canGiveUp;
  return mayBeGivenUp || !run.seam.isDirect ? first.perform() : first.start();
}

/** The first attempt, and for most effects the only one; a sequence awaits its call directly. */
class FirstAttempt<T> extends Attempt implements Pending<T> {
  declare readonly effect: Effect<T>;
  promise!: PromiseLike<unknown>;

  /** Calls code that nothing can cut short. */
  start(): Ending<T> {
    let value: unknown;
    try {
      value = this.effect.call(this);
      if (isThenable(value)) {
        this.promise = value;
        return this;
      }
    } catch (thrown) {
      return this.crash(thrown);
    }
    return this.land(value);
  }

  land(value: unknown): MaybePromise<Settled<T>> {
    this.hasSettled = true;
    this.release();
    return this.effect.succeed(this, value);
  }

  crash(thrown: unknown): MaybePromise<Settled<T>> {
    this.hasSettled = true;
    this.release();
    return this.#conclude({ outcome: failed(this, thrown) });
  }

  /** Calls code that may be given up, or that a host calls. */
  perform(): MaybePromise<Settled<T>> {
    const performed = perform(this, () => this.#attempts.isRetryDue(this));
    return isPromise(performed) ? this.#waitFor(performed) : this.#conclude(performed);
  }

  async #waitFor(performed: Promise<Performed>): Promise<Settled<T>> {
    return await this.#conclude(await performed);
  }

  #conclude(performed: Performed): MaybePromise<Settled<T>> {
    const { outcome, landed, running } = performed;
    const { effect } = this;
    if (outcome.ok) return effect.succeed(this, outcome.value);
    if (effect.retry || effect.idempotent || landed || running) {
      return this.#attempts.goOn(performed);
    }
    this.pushDoomed(outcome.error);
    return effect.fail(this, endedBy(outcome.error, this.scope), true);
  }

  get #attempts(): Attempts<T> {
    return cast(this.shared ??= new Attempts<T>(this, this.effect));
  }
}
