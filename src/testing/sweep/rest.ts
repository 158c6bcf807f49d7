/** What waits, the first of the first kind first. */
type Kind = "undo" | "answer" | "effect" | "wait";

const order: Readonly<Record<Kind, number>> = { undo: 0, answer: 1, effect: 2, wait: 3 };

/** Holds things back until everything else has come to rest. */
export class Rest {
  readonly #isBusy: () => boolean;
  readonly #waiting: (() => void)[][] = Object.keys(order).map(() => []);
  #releasing: Promise<void> | undefined;
  #isStopped = false;

  /** `isBusy` tells whether anything goes on that does not wait for the rest itself. */
  constructor(isBusy: () => boolean) {
    this.#isBusy = isBusy;
  }

  /** Waits for a rest: undos go first, then what the other side does, and last what has waited for that. */
  wait(kind: Kind): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting[order[kind]]!.push(resolve);
      this.#releasing ??= this.#release();
    });
  }

  /** Waits until nothing goes on, and nothing is held back any more. */
  async over(): Promise<void> {
    while (!this.#isStopped && (this.#releasing || this.#isBusy())) {
      await (this.#releasing ?? turn());
    }
  }

  /** What is held back still stays where it is. */
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

/** Waits for all that needs no timer. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
