import { type Call, type Host, type Outcome, TimeoutError } from "@runsheet/runsheet";
import { setTimeout } from "node:timers/promises";

/** Ends the attempt of a run that is under way as its timeout would, but when it is told and not by the clock. */
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
