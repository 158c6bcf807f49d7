import type { Outcome } from "../api/host.ts";
import { cast } from "../values/cast.ts";

/** Something that the run waits for. */
export interface Asked {
  readonly id: string;
  /** Starts it. */
  readonly start: () => void;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (reason: unknown) => void;
  isStarted: boolean;
}

// The run continues by microtasks alone, so one turn of the event loop takes it as far as it can
// get.
const { setImmediate = (next: () => void) => void setTimeout(next, 0) } = cast<{
  setImmediate?: (next: () => void) => unknown;
}>(globalThis);

/** Resolves after one turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/**
 * Lets a run and its host take turns, so that a replay takes the same course. The run receives
 * outcomes one at a time, each only when it can do nothing more without it. New work starts only
 * when no outcome is left to deliver.
 */
export class Turns {
  readonly asked: Map<string, Asked> = new Map();
  readonly #deliveries: (() => void)[] = [];
  readonly #onIdle: () => void;
  #outside = 0;
  #isScheduled = false;
  #ended: { readonly reason: unknown } | undefined;

  /** `onIdle` is called when the run can do nothing more by itself. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Asks for something. The run may end a wait by itself; it then gets no answer. */
  async ask(
    id: string,
    start: () => void,
    wait?: { readonly signal: AbortSignal | undefined; withdraw(): void },
  ): Promise<Outcome> {
    const withdraw = () => {
      wait?.withdraw();
      this.#take(id)?.resolve({ ok: true, value: undefined });
    };
    wait?.signal?.addEventListener("abort", withdraw);
    try {
      return await new Promise((resolve, reject) => {
        if (this.#ended) return reject(this.#ended.reason);
        this.asked.set(id, { id, start, resolve, reject, isStarted: false });
        this.schedule();
      });
    } finally {
      wait?.signal?.removeEventListener("abort", withdraw);
    }
  }

  /** Calls `deliver` in its turn; it may call `answer`. */
  queue(deliver: () => void): void {
    this.#deliveries.push(deliver);
    this.schedule();
  }

  /** Answers a request; returns `false` if nothing with this id was asked for. */
  answer(id: string, outcome: Outcome): boolean {
    const asked = this.#take(id);
    asked?.resolve(outcome);
    return asked !== undefined;
  }

  /** Starts everything that was asked for since the last call. */
  start(): void {
    const waiting = [...this.asked.values()].filter(({ isStarted }) => !isStarted);
    // By id, so that the order does not depend on which branch asked first.
    for (const asked of waiting.sort(compareIds)) {
      asked.isStarted = true;
      asked.start();
    }
  }

  /** Called when user code outside of calls starts or resumes (1), or ends or waits (-1). */
  outside(change: 1 | -1): void {
    this.#outside += change;
    if (this.#outside === 0) this.schedule();
  }

  schedule(): void {
    if (this.#isScheduled || this.#ended) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#ended || this.#outside > 0) return;
      const deliver = this.#deliveries.shift();
      if (!deliver) return this.#onIdle();
      this.schedule();
      deliver();
    });
  }

  /** Rejects all requests with the host's own signal. Returns `false` if there already was one. */
  end(reason: unknown): boolean {
    if (this.#ended) return false;
    this.#ended = { reason };
    for (const { reject } of this.asked.values()) reject(reason);
    return true;
  }

  #take(id: string): Asked | undefined {
    const asked = this.asked.get(id);
    this.asked.delete(id);
    return asked;
  }
}

function compareIds(one: Asked, other: Asked): number {
  return one.id.localeCompare(other.id, "en", { numeric: true });
}
