import type { Call, Host, Outcome } from "../api/host.ts";
import { errorWith } from "../report/error_with.ts";
import { ConfigError, toError } from "../report/errors.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import type { Cancellation } from "./cancellation.ts";
import { delay } from "@std/async/delay";

/** The one way from the engine to the user's effects and to time, by way of the host if there is one. */
export class Seam {
  readonly #host: Host | undefined;
  /** The host's own signal (suspend, cancel), once it has given one: nothing is called after it. */
  interruption: { readonly reason: unknown } | undefined;
  readonly #onInterruption = new Set<(reason: unknown) => void>();

  constructor(host: Host | undefined) {
    this.#host = host;
  }

  /** Whether there is no host, so that calls need not be described. */
  get isDirect(): boolean {
    return this.#host === undefined;
  }

  /** Calls back when the host gives its own signal; returns how to stop listening. */
  onInterruption(listener: (reason: unknown) => void): () => void {
    // Without a host there is none, and this object serves all such runs.
    if (this.isDirect) return () => {};
    this.#onInterruption.add(listener);
    return () => this.#onInterruption.delete(listener);
  }

  /** Calls the user's code by way of the host, where there is one. `fn` never rejects, so what is thrown here is the host's own signal. */
  async perform(
    call: Call,
    fn: (signal?: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome> {
    return checkOutcome(call.id, await this.#watch(() => this.#host!.perform(call, fn)));
  }

  /** Waits until the time is over or the run is cancelled. */
  async sleep(
    id: string,
    ms: number,
    cancellation: Cancellation | undefined,
  ): Promise<void> {
    const host = this.#host;
    // A signal for each wait: eleven that listen to the same one make Node warn of a leak.
    const [own, release] = cancellation?.child() ?? [undefined, undefined];
    const signal = own?.signal;
    try {
      await (host
        ? this.#watch(() => host.sleep({ id }, ms, signal), cancellation)
        : delay(ms, signal ? { signal } : {}));
    } catch (reason) {
      if (!cancellation?.error || this.interruption) throw reason;
    } finally {
      release?.();
    }
  }

  #interrupt(reason: unknown): void {
    this.interruption = { reason };
    for (const listener of [...this.#onInterruption]) listener(reason);
  }

  /** Remembers a rejection, so that no middleware can hide it; a wait that was cancelled may reject for that. */
  async #watch<T>(
    call: () => Promise<T>,
    cancellation?: Cancellation,
  ): Promise<T> {
    if (this.interruption) throw this.interruption.reason;
    try {
      return await call();
    } catch (reason) {
      if (!cancellation?.error) this.#interrupt(reason);
      throw reason;
    }
  }
}

/** A copy of what a host gave, as reading it again might throw. */
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
    // told below
  }
  const text = message`Cannot perform '${id}' as the host must give an outcome: current value is ${
    shown(given)
  }`;
  return { ok: false, error: errorWith(ConfigError, text) };
}
