import { type Call, type Host, type Outcome, TimeoutError } from "@runsheet/runsheet";
import { setTimeout } from "node:timers/promises";

/** Ends a pending attempt of a run as its timeout would, but on demand instead of by the clock. */
export class ManualTimeout implements Host {
  #attempt = new AbortController();
  #timeout = Infinity;

  async perform(call: Call, fn: (signal?: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
    if (call.kind !== "attempt") return await fn();
    this.#attempt = new AbortController();
    this.#timeout = call.timeout ?? Infinity;
    return await fn(this.#attempt.signal);
  }

  async sleep(_call: { id: string }, ms: number, signal?: AbortSignal): Promise<void> {
    await setTimeout(ms, undefined, signal && { signal });
  }

  strike(): void {
    this.#attempt.abort(new TimeoutError("Cannot wait any longer as it is stalled", this.#timeout));
  }
}
