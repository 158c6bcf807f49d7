import { setImmediate } from "node:timers";
import type { Call, Host, Outcome } from "@runsheet/runsheet";

type Perform = (signal?: AbortSignal) => Promise<Outcome>;

/** The outcomes of the calls of a run, by id. */
export type Outcomes = ReadonlyMap<string, Outcome>;

/** Makes every call and records its outcome; waits end immediately. */
export class RecordingHost implements Host {
  readonly calls: Call[] = [];
  readonly outcomes: Map<string, Outcome> = new Map();
  readonly sleeps: { readonly id: string; readonly ms: number }[] = [];
  readonly #known: Outcomes;

  /** Known calls are not made again. */
  constructor(known: Outcomes = new Map()) {
    this.#known = known;
  }

  get ids(): string[] {
    return this.calls.map(({ id }) => id);
  }

  async perform(call: Call, fn: Perform): Promise<Outcome> {
    if (this.ids.includes(call.id)) {
      throw new Error(`Cannot perform '${call.id}' as ids must be unique: it was performed before`);
    }
    this.calls.push(call);
    const outcome = this.#known.get(call.id) ?? await fn();
    this.outcomes.set(call.id, outcome);
    return outcome;
  }

  sleep({ id }: { readonly id: string }, ms: number, _signal?: AbortSignal): Promise<void> {
    this.sleeps.push({ id, ms });
    return Promise.resolve();
  }
}

/** Answers every call from a record without making it. */
export class ReplayingHost implements Host {
  readonly #unused: Map<string, Outcome>;

  constructor(outcomes: Outcomes) {
    this.#unused = new Map(outcomes);
  }

  /** The ids of the record that were not requested. */
  get unused(): string[] {
    return [...this.#unused.keys()];
  }

  // deno-lint-ignore require-await -- what it throws must be a rejection
  async perform({ id }: Call): Promise<Outcome> {
    const outcome = this.#unused.get(id);
    if (!outcome) throw new Error(`Cannot replay '${id}' as it must be in the record, once`);
    this.#unused.delete(id);
    return outcome;
  }

  sleep(): Promise<void> {
    return Promise.resolve();
  }
}

/** Rejects at one call or wait and counts later ones; delegates the others to another host. */
export class SuspendingHost implements Host {
  /** The reason of the rejection. */
  readonly reason: Error = new Error("suspended");
  /** The ids of calls and waits that came after the rejection. */
  readonly after: string[] = [];
  readonly #inner: Host;
  readonly #stops: (id: string, nth: number) => boolean;
  #count = 0;
  #suspended = false;

  constructor(inner: Host, stops: (id: string, nth: number) => boolean) {
    this.#inner = inner;
    this.#stops = stops;
  }

  async perform(call: Call, fn: Perform): Promise<Outcome> {
    this.#check(call.id);
    return await this.#inner.perform(call, fn);
  }

  async sleep(call: { readonly id: string }, ms: number, signal?: AbortSignal): Promise<void> {
    this.#check(call.id);
    await this.#inner.sleep(call, ms, signal);
  }

  #check(id: string): void {
    if (this.#suspended) this.after.push(id);
    this.#suspended ||= this.#stops(id, this.#count++);
    if (this.#suspended) throw this.reason;
  }
}

/**
 * Holds the calls of all runs that share it until none of them can continue, then releases some of
 * them in random order.
 */
export class ReorderingHost implements Host {
  /** The most calls that waited together; with 1, nothing was reordered. */
  most = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #random: () => number;
  #scheduled = false;

  constructor(seed: number) {
    this.#random = randoms(seed);
  }

  async perform(_call: Call, fn: Perform): Promise<Outcome> {
    await this.#turn();
    const outcome = await fn();
    await this.#turn();
    return outcome;
  }

  sleep(): Promise<void> {
    return this.#turn();
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.most = Math.max(this.most, this.#waiting.length);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // By then, every run has progressed as far as it can without another turn.
    setImmediate(() => {
      this.#scheduled = false;
      const count = 1 + this.#below(this.#waiting.length);
      for (let n = 0; n < count; n++) {
        const [next] = this.#waiting.splice(this.#below(this.#waiting.length), 1);
        next?.();
      }
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/** A seeded generator of numbers from 0 to 1 (mulberry32). */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The outcomes of a run after storing them as JSON, where an error is its message. */
export function throughJson(outcomes: Outcomes): Outcomes {
  return new Map([...outcomes].map(([id, outcome]) => {
    const stored = JSON.stringify(
      outcome.ok ? outcome : { ...outcome, error: outcome.error.message },
    );
    const read = JSON.parse(stored);
    return [id, read.ok ? read : { ...read, error: new Error(read.error) }];
  }));
}
