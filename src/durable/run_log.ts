import type { Outcome } from "../api/host.ts";
import { toError } from "../report/errors.ts";
import { cast } from "../values/cast.ts";
import { messageOf } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { askStore, StoreFailure } from "./ask_store.ts";
import type { Codec } from "./codec.ts";
import type { RunEnd } from "./end.ts";
import type { RunStart } from "./shape.ts";
import type { Store } from "./store.ts";
import { nextTurn } from "./turns.ts";

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
   * An event for the run from outside. The id distinguishes its row from that of an equal event, and
   * so does that of a cancellation.
   */
  | {
    readonly kind: "event";
    readonly name: string;
    readonly data: unknown;
    readonly id: string;
  }
  | { readonly kind: "cancel"; readonly reason: unknown; readonly id: string }
  | { readonly kind: "end"; readonly end: RunEnd };

/** Thrown once another worker has taken over the run, so that nothing more is written. */
export class LostLease extends Error {
  /** The error's name. */
  override readonly name = "LostLease";
}

/** How often rows may be refused in a row although there is none of their number. */
const MOST_REFUSALS = 3;

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
  readonly #action: string;
  #rows = 0;
  #refusals = 0;
  #first: string | undefined;
  #isBegun = false;
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
    this.#action = `continue run '${runId}' here`;
  }

  /** Reads the rows that it has not read yet. */
  async read(): Promise<void> {
    for (const row of await this.#load()) {
      const entries = this.#decode(row);
      this.#add(row, entries);
      for (const entry of entries) this.onForeign?.(entry);
    }
  }

  async #load(): Promise<readonly string[]> {
    const rows: unknown = await this.#ask(() => this.#store.load(this.runId, this.#rows));
    if (!Array.isArray(rows)) {
      throw this.fault(`'load' must return an array: current value is ${shown(rows).full}`);
    }
    // No two rows are equal to the first one, which has a start or the id of an event.
    if (this.#rows > 0 && rows[0] === this.#first) {
      throw this.fault(`'load' must return the rows from ${this.#rows} on: it returns row 0`);
    }
    return rows;
  }

  #decode(row: string): readonly LogEntry[] {
    try {
      const entries = cast<LogEntry[]>(this.#codec.decode(row));
      if (!Array.isArray(entries)) throw new Error("one is no list");
      const first = entries.find(({ kind }) => kind !== "event" && kind !== "cancel");
      if (first && first.kind !== "start" && !this.#isBegun) {
        throw new Error("the start of the run must come first");
      }
      return entries;
    } catch (thrown) {
      const what = messageOf(toError(thrown)).full;
      throw this.fault(`'load' must return the rows as they were appended: ${what}`, thrown);
    }
  }

  #add(row: string, entries: readonly LogEntry[]): void {
    if (this.#rows++ === 0) this.#first = row;
    this.#isBegun ||= entries.some(({ kind }) => kind === "start");
    this.entries.push(...entries);
  }

  /** The error of a store that breaks its contract. */
  fault(problem: string, cause?: unknown): StoreFailure {
    return new StoreFailure(this.#action, problem, cause);
  }

  #ask<T>(call: () => T | Promise<T>): Promise<T> {
    return askStore(this.#action, call);
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
    this.#add(row, [entry]);
    return true;
  }

  async #appendRow(row: string, isEnd = false): Promise<boolean> {
    const isNew = await this.#ask(() => this.#store.append(this.runId, this.#rows, row, isEnd));
    if (typeof isNew !== "boolean") {
      throw this.fault(`'append' must return a boolean: current value is ${shown(isNew).full}`);
    }
    if (isNew) {
      this.#refusals = 0;
      return true;
    }
    // A store that always refuses must not keep the process from everything else.
    await nextTurn();
    const [found] = await this.#load();
    // If the answer to a first try was lost, a driver that retries finds its own row there.
    if (found === row) return true;
    if (found === undefined && ++this.#refusals === MOST_REFUSALS) {
      const constraint = `'append' must return false only if the run has a row ${this.#rows}`;
      throw this.fault(`${constraint}: 'load' returns none`);
    }
    return false;
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
    this.#add(row, batch.map(({ entry }) => entry));
  }
}

interface Waiting {
  readonly entry: LogEntry;
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}
