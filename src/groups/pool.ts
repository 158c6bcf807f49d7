import type { MaybePromise } from "../values/maybe_promise.ts";

/** Promises in flight, and a wait for room among them. */
export class Pool {
  inFlight = 0;
  #crash: { readonly thrown: unknown } | undefined;
  #limit = 0;
  #wake: (() => void) | undefined;

  enter(): void {
    this.inFlight++;
  }

  /** Takes one out, once what is to be done at its end is done. */
  leave(ending: MaybePromise<void>): void {
    if (ending) ending.catch((thrown) => this.#crash ??= { thrown }).then(this.#end);
    else this.#end();
  }

  readonly #end = (): void => {
    this.inFlight--;
    // Not sooner: to be woken at every end took a third of the time of a map.
    if (this.inFlight >= this.#limit && !this.#crash) return;
    this.#wake?.();
    this.#wake = undefined;
  };

  /** Waits until fewer than so many are in flight; rejects as soon as one has thrown. */
  room(limit: number): Promise<void> {
    this.#limit = limit;
    return new Promise((resolve, reject) => {
      this.#wake = () => this.#crash ? reject(this.#crash.thrown) : resolve();
      if (this.inFlight < limit || this.#crash) this.#wake();
    });
  }
}
