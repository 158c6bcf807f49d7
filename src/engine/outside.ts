import type { Seam } from "../run/seam.ts";

/** Tells the host when a middleware is at work, and when it waits for its step. */
export class Outside {
  readonly #seam: Seam;
  #isInside = false;
  #hasEnded = false;

  constructor(seam: Seam) {
    this.#seam = seam;
  }

  async during<T>(layer: () => Promise<T>): Promise<T> {
    this.#enter();
    try {
      return await layer();
    } finally {
      this.#leave();
      this.#hasEnded = true;
    }
  }

  waitFor<T>(step: Promise<T>): Promise<T> {
    this.#leave();
    const waiting = step.finally(() => this.#enter());
    // If the middleware ignores this promise, the host's signal must not end the process.
    waiting.catch(() => {});
    return waiting;
  }

  #enter(): void {
    if (this.#hasEnded || this.#isInside) return;
    this.#isInside = true;
    this.#seam.enter();
  }

  #leave(): void {
    if (!this.#isInside) return;
    this.#isInside = false;
    this.#seam.leave();
  }
}
