/** The kinds of waiters in the order of their release. */
type Kind = "undo" | "answer" | "effect" | "wait";

const order: Readonly<Record<Kind, number>> = { undo: 0, answer: 1, effect: 2, wait: 3 };

/** Holds actions back until everything else is at rest. */
export class Rest {
  readonly #isBusy: () => boolean;
  readonly #waiting: (() => void)[][] = Object.keys(order).map(() => []);
  #releasing: Promise<void> | undefined;
  #isStopped = false;

  /** `isBusy` tells whether anything is running that is not held back itself. */
  constructor(isBusy: () => boolean) {
    this.#isBusy = isBusy;
  }

  /**
   * Waits until everything else is at rest. Undos are released first, then actions of the other
   * side, and last those that waited for it.
   */
  wait(kind: Kind): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting[order[kind]]!.push(resolve);
      this.#releasing ??= this.#release();
    });
  }

  /** Waits until everything is at rest and nothing is held back. */
  async over(): Promise<void> {
    while (!this.#isStopped && (this.#releasing || this.#isBusy())) {
      await (this.#releasing ?? turn());
    }
  }

  /** Never releases anything that is still held back. */
  stop(): void {
    this.#isStopped = true;
  }

  async #release(): Promise<void> {
    for (;;) {
      await turn();
      if (this.#isStopped) break;
      if (this.#isBusy()) continue;
      const next = this.#waiting.find(({ length }) => length > 0)?.shift();
      if (!next) break;
      next();
    }
    this.#releasing = undefined;
  }
}

/** Waits for everything that needs no timer. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
