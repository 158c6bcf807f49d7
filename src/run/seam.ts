import type { RunOptions } from "../api/run.ts";
import type { Call, DurableHost, Host, Outcome } from "../api/host.ts";
import { MAX_TIMER_MS } from "../api/policy.ts";
import { errorWith } from "../report/error_with.ts";
import { ConfigError, toError } from "../report/errors.ts";
import { withValue } from "../values/show.ts";
import { Cancellation, untilCancelled } from "./cancellation.ts";
import { delay } from "@std/async/delay";

/** The engine's only access to the user's effects and to time, through the host if there is one. */
export class Seam {
  readonly #host: Host | undefined;
  /** The host's own signal (suspend, cancel). Once it is set, nothing more is called. */
  interruption: { readonly reason: unknown } | undefined;
  readonly #onInterruption = new Set<(reason: unknown) => void>();

  constructor(host: Host | undefined) {
    this.#host = host;
  }

  /** Whether there is no host. */
  get isDirect(): boolean {
    return this.#host === undefined;
  }

  /** The requirements of a host that continues runs in another process. */
  get durable(): DurableHost | undefined {
    return this.#host?.durable;
  }

  /** Tells the host that user code outside of calls runs until the promise settles. */
  async outside<T>(promise: Promise<T>): Promise<T> {
    this.enter();
    try {
      return await promise;
    } finally {
      this.leave();
    }
  }

  /** Tells the host that user code outside of calls starts or resumes. */
  enter(): void {
    this.#host?.outside?.(1);
  }

  /** Tells the host that user code outside of calls has ended, or waits for a call. */
  leave(): void {
    this.#host?.outside?.(-1);
  }

  /** Calls `listener` on the host's own signal. Returns a function that stops listening. */
  onInterruption(listener: (reason: unknown) => void): () => void {
    this.#onInterruption.add(listener);
    return () => this.#onInterruption.delete(listener);
  }

  /**
   * Calls the user's code through the host. `fn` never rejects, so a rejection here is the host's
   * own signal.
   */
  async perform(
    call: Call,
    fn: (signal?: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome> {
    return checkOutcome(call.id, await this.#watch(() => this.#host!.perform(call, fn)));
  }

  /** Waits for `ms` milliseconds or until it is cancelled. */
  async sleep(
    id: string,
    ms: number,
    cancellation: Cancellation | undefined,
  ): Promise<void> {
    const host = this.#host;
    // Each wait has its own signal: Node warns of a leak at more than ten listeners on one.
    const own = cancellation && new Cancellation(cancellation);
    const signal = own?.signal;
    try {
      await (host
        ? this.#watch(() => host.sleep({ id }, ms, signal), cancellation)
        : delayLong(ms, signal));
    } catch (reason) {
      if (!cancellation?.error || this.interruption) throw reason;
    } finally {
      own?.release();
    }
  }

  /** Waits for an event from outside the run, or until it is cancelled. */
  async event(
    id: string,
    name: string,
    { id: runId, options: { events } }: { readonly id: string; readonly options: RunOptions },
    cancellation: Cancellation,
  ): Promise<unknown> {
    const { signal } = cancellation;
    if (this.#host?.event) {
      return await this.#watch(() => this.#host!.event!(id, name, signal), cancellation);
    }
    if (!events) {
      throw new ConfigError(
        `Cannot wait for '${name}' as run() must be given 'events': current value is undefined`,
      );
    }
    const waiting = Promise.resolve(events.wait(name, { runId, signal }));
    return await untilCancelled(waiting, cancellation);
  }

  /** Ends the run without a rollback; returns the reason. */
  interrupt(reason: unknown): unknown {
    this.interruption = { reason };
    for (const listener of [...this.#onInterruption]) listener(reason);
    return reason;
  }

  /**
   * Records a rejection, so that no middleware can hide it, unless it only ends a cancelled wait.
   */
  async #watch<T>(
    call: () => Promise<T>,
    cancellation?: Cancellation,
  ): Promise<T> {
    if (this.interruption) throw this.interruption.reason;
    try {
      return await call();
    } catch (reason) {
      if (!cancellation?.error) this.interrupt(reason);
      throw reason;
    }
  }
}

/** Waits for any time, even one that is too long for a timer. */
async function delayLong(ms: number, signal: AbortSignal | undefined): Promise<void> {
  for (let left = ms; left >= 0; left -= MAX_TIMER_MS + 1) {
    await delay(Math.min(left, MAX_TIMER_MS), { signal: signal! });
  }
}

/** Validates and copies an outcome from a host, as its getters might throw when read again. */
function checkOutcome(id: string, given: Outcome): Outcome {
  try {
    const outcome = { ...given };
    if (outcome.ok === true) return outcome;
    if (outcome.ok === false) {
      const { late } = outcome;
      const error = toError(outcome.error);
      return { ...outcome, error, ...(late && { late: checkOutcome(id, late) }) };
    }
  } catch {
    // Reported below.
  }
  const text = withValue(`Cannot perform '${id}' as the host must give an outcome`, given);
  return { ok: false, error: errorWith(ConfigError, text) };
}
