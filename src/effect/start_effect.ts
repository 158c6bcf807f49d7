import type { Scope } from "../run/scope.ts";
import type { Ending, Pending, Settled } from "../run/settled.ts";
import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";
import { isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import { Attempt, type Effect } from "./attempt.ts";
import { Attempts, endedBy } from "./retry_and_late.ts";
import { callUser, failed, givenUp } from "./call.ts";
import { GIVEN_UP, startCutoff } from "./cutoff.ts";
import type { Extra } from "./handlers.ts";
import { giveUp, type Performed } from "./give_up.ts";
import { perform } from "./perform.ts";

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
  if (scope.watch) first.watch = scope.watch.beginAttempt(first);
  if (!run.seam.isDirect) return first.performByHost();
  const cutoff = startCutoff(first);
  let value: unknown;
  try {
    value = callUser(first);
    if (isThenable(value)) {
      first.promise = cutoff?.follow(value) ?? value;
      return first;
    }
  } catch (thrown) {
    return first.crash(thrown);
  }
  return first.land(value);
}

/** The first attempt, for most effects the only one. A sequence awaits its call directly. */
class FirstAttempt<T> extends Attempt implements Pending<T> {
  declare readonly effect: Effect<T>;
  declare promise: PromiseLike<unknown>;

  // Spelt out, because JavaScriptCore spreads the arguments of an implicit one.
  constructor(effect: Effect<T>, ctx: Context, scope: Scope, extra: Extra | undefined) {
    super(effect, ctx, scope, extra, 1, 1);
  }

  land(value: unknown): MaybePromise<Settled<T>> {
    this.endCall();
    if (value === GIVEN_UP) {
      return this.continueAfter(giveUp(this, givenUp(this), () => this.attempts));
    }
    this.hasSettled = true;
    this.watch?.endAttempt({ outcome: { ok: true, value } });
    return this.effect.succeed(this, value);
  }

  crash(thrown: unknown): MaybePromise<Settled<T>> {
    this.endCall();
    const performed = { outcome: failed(this, thrown) };
    this.watch?.endAttempt(performed);
    return this.conclude(performed);
  }

  performByHost(): Promise<Settled<T>> {
    return this.continueAfter(perform(this, () => this.attempts));
  }

  private async continueAfter(performing: Promise<Performed>): Promise<Settled<T>> {
    return await this.conclude(await performing);
  }

  private conclude(performed: Performed): MaybePromise<Settled<T>> {
    const { outcome, landed, running } = performed;
    const { effect } = this;
    if (outcome.ok) return effect.succeed(this, outcome.value);
    if (effect.retry || effect.idempotent || landed || running) {
      return this.attempts.continueAfter(performed);
    }
    this.pushDoomed(outcome.error);
    return effect.fail(this, endedBy(outcome.error, this.scope), true);
  }

  private get attempts(): Attempts<T> {
    return cast(this.shared ??= new Attempts<T>(this, this.effect));
  }
}
