import type { MaybePromise } from "../values/maybe_promise.ts";

/**
 * Counts promises in flight and places kept for abandoned calls, and lets callers wait for room.
 */
export class Pool {
  inFlight = 0;
  /** The number of places kept for abandoned calls. */
  kept = 0;
  #crash: { readonly thrown: unknown } | undefined;
  #limit = 0;
  #countsKept = false;
  #wake: (() => void) | undefined;

  enter(): void {
    this.inFlight++;
  }

  /** Removes one, after waiting for its ending. */
  leave(ending: MaybePromise<void>): void {
    if (ending) ending.catch((thrown) => this.#crash ??= { thrown }).then(this.#end);
    else this.#end();
  }

  readonly #end = (): void => {
    this.inFlight--;
    this.#wakeUp();
  };

  /** Keeps a place for an abandoned call until it settles. */
  keep(call: Promise<unknown>): void {
    this.kept++;
    call.then(() => {
      this.kept--;
      this.#wakeUp();
    });
  }

  /** Stops counting kept places, because nothing will start any more. */
  giveUpKept(): void {
    this.#countsKept = false;
    this.#wakeUp();
  }

  /** Waits until fewer than `limit` are in flight; rejects as soon as one has thrown. */
  room(limit: number): Promise<void> {
    return this.#wait(limit, false);
  }

  /** Waits like `room`, but also counts kept places. */
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
    // Wake the waiter only when there is room: waking it at every end makes maps much slower.
    if (taken >= this.#limit && !this.#crash) return;
    this.#wake?.();
    this.#wake = undefined;
  }
}
