import type { MaybePromise } from "../values/maybe_promise.ts";

/** Promises in flight, places kept for calls that were abandoned, and waits for room among them. */
export class Pool {
  /** How many are in flight. */
  inFlight = 0;
  /** How many places are kept. */
  kept = 0;
  #crash: { readonly thrown: unknown } | undefined;
  #limit = 0;
  #countsKept = false;
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
    this.#wakeUp();
  };

  /** Keeps a place for a call that was abandoned, until it settles. */
  keep(call: Promise<unknown>): void {
    this.kept++;
    call.then(() => {
      this.kept--;
      this.#wakeUp();
    });
  }

  /** Stops waiting for the places that are kept, as nothing starts any more. */
  giveUpKept(): void {
    this.#countsKept = false;
    this.#wakeUp();
  }

  /** Waits until fewer than so many are in flight; rejects as soon as one has thrown. */
  room(limit: number): Promise<void> {
    return this.#wait(limit, false);
  }

  /** Waits as `room` does, but counts the places that are kept as well. */
  place(limit: number): Promise<void> {
    return this.#wait(limit, true);
  }

  #wait(limit: number, countsKept: boolean): Promise<void> {
    this.#limit = limit;
    this.#countsKept = countsKept;
    return new Promise((resolve, reject) => {
      this.#wake = () => this.#crash ? reject(this.#crash.thrown) : resolve();
      this.#wakeUp();
    });
  }

  #wakeUp(): void {
    const taken = this.#countsKept ? this.inFlight + this.kept : this.inFlight;
    // Not sooner: to be woken at every end took a third of the time of a map.
    if (taken >= this.#limit && !this.#crash) return;
    this.#wake?.();
    this.#wake = undefined;
  }
}
