import type { Outcome } from "../api/host.ts";
import { toError } from "../report/errors.ts";
import { cast } from "../values/cast.ts";
import { messageOf } from "../values/message.ts";
import { shown } from "../values/show.ts";
import type { Codec } from "./codec.ts";
import type { RunEnd } from "./end.ts";
import type { RunStart } from "./shape.ts";
import type { Store } from "./store.ts";

/** The start of a run, and its args. */
export interface LogStart extends RunStart {
  readonly args: unknown;
}

/** One entry in the log of a run. */
export type LogEntry =
  | { readonly kind: "start"; readonly start: LogStart }
  /** A call had an outcome, a wait ended, an event was taken, or the run was cancelled. */
  | { readonly kind: "out"; readonly id: string; readonly outcome: Outcome }
  /** A wait began, which ends at a time in milliseconds since the epoch. */
  | { readonly kind: "wait"; readonly id: string; readonly until: number }
  /**
   * A worker drives the run until a time. Without an owner, the run is parked until then, or until
   * an event or a cancellation arrives after the entries that it has seen.
   */
  | {
    readonly kind: "lease";
    readonly owner: string;
    readonly until: number;
    readonly seen?: number;
  }
  /**
   * An event for the run from outside. The id distinguishes its row from that of an equal event.
   */
  | {
    readonly kind: "event";
    readonly name: string;
    readonly data: unknown;
    readonly id: string;
  }
  | { readonly kind: "cancel"; readonly reason: unknown }
  | { readonly kind: "end"; readonly end: RunEnd };

/** Thrown once another worker has taken over the run, so that nothing more is written. */
export class LostLease extends Error {
  /** The error's name. */
  override readonly name = "LostLease";
}

/** Thrown if the store fails: this process stops driving the run, which has not ended. */
export class StoreFailure extends Error {
  /** The error's name. */
  override readonly name = "StoreFailure";
  constructor(runId: string, problem: string, cause?: unknown) {
    super(`Cannot continue run '${runId}' here as ${problem}`, { cause });
  }
}

/**
 * The log of one run. Entries that are appended while a row is being written share the next row, so
 * rows never overlap, and a crash leaves a prefix of the log.
 */
export class RunLog {
  readonly runId: string;
  readonly entries: LogEntry[] = [];
  readonly #store: Store;
  readonly #codec: Codec;
  readonly #waiting: Waiting[] = [];
  #rows = 0;
  #isWriting = false;
  #lost: LostLease | undefined;
  /** The worker that drives the run in this process. */
  owner = "";
  /** Called with each entry that another process has appended. */
  onForeign: ((entry: LogEntry) => void) | undefined;

  constructor(store: Store, codec: Codec, runId: string) {
    this.#store = store;
    this.#codec = codec;
    this.runId = runId;
  }

  /** Reads the rows that it has not read yet. */
  async read(): Promise<void> {
    for (const row of await this.#load()) {
      const entries = this.#decode(row);
      this.#rows++;
      for (const entry of entries) {
        this.entries.push(entry);
        this.onForeign?.(entry);
      }
    }
  }

  #load(): Promise<readonly string[]> {
    return this.#ask(() => this.#store.load(this.runId, this.#rows));
  }

  #decode(row: string): readonly LogEntry[] {
    try {
      return cast(this.#codec.decode(row));
    } catch (thrown) {
      const what = messageOf(toError(thrown)).full;
      throw new StoreFailure(
        this.runId,
        `'load' must return the rows as they were appended: ${what}`,
        thrown,
      );
    }
  }

  /**
   * Appends an entry; resolves once it is written. Throws if it cannot be encoded, and rejects if
   * another worker drives the run.
   */
  append(entry: LogEntry): Promise<void> {
    const text = this.#codec.encode(entry);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, text, resolve, reject });
      if (!this.#isWriting) this.#writeAll();
    });
  }

  /** Appends an entry, unless there already is a row that this log has not read. */
  async tryAppend(entry: LogEntry): Promise<boolean> {
    const row = `[${this.#codec.encode(entry)}]`;
    if (!await this.#appendRow(row)) return false;
    this.#rows++;
    this.entries.push(entry);
    return true;
  }

  async #appendRow(row: string, isEnd = false): Promise<boolean> {
    const isNew = await this.#ask(() => this.#store.append(this.runId, this.#rows, row, isEnd));
    if (typeof isNew !== "boolean") {
      const problem = `'append' must return a boolean: current value is ${shown(isNew).full}`;
      throw new StoreFailure(this.runId, problem);
    }
    if (isNew) return true;
    // If the answer to a first try was lost, a driver that retries finds its own row there.
    return (await this.#load())[0] === row;
  }

  async #ask<T>(call: () => T | Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (thrown) {
      throw new StoreFailure(
        this.runId,
        `its store must answer: ${messageOf(toError(thrown)).full}`,
        thrown,
      );
    }
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        await this.#writeRow(batch);
        for (const { resolve } of batch) resolve();
      } catch (thrown) {
        for (const { reject } of batch) reject(thrown);
      }
    }
    this.#isWriting = false;
  }

  async #writeRow(batch: readonly Waiting[]): Promise<void> {
    if (this.#lost) throw this.#lost;
    const row = `[${batch.map(({ text }) => text).join()}]`;
    const isEnd = batch.some(({ entry }) => entry.kind === "end");
    while (!await this.#appendRow(row, isEnd)) {
      const known = this.entries.length;
      await this.read();
      const isLost = this.entries.slice(known)
        .some((entry) => entry.kind === "lease" && entry.owner !== this.owner);
      if (isLost) throw this.#lost = new LostLease(`another worker drives run '${this.runId}'`);
    }
    this.#rows++;
    this.entries.push(...batch.map(({ entry }) => entry));
  }
}

interface Waiting {
  readonly entry: LogEntry;
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}
