import type { RetryPolicy } from "./policy.ts";

/** The info passed to an undo. */
export interface RollbackInfo {
  /** The reason for the undo. */
  readonly error: Error;
  /** Aborts when the undo's own `timeout` expires. The run's abort does not reach it. */
  readonly signal: AbortSignal;
  /** The number of this attempt of the undo, from 1. */
  readonly attempt: number;
  /** The idempotency key of the undo itself, the same for each of its attempts. */
  readonly key: string;
  /** The key of the effect to undo: the one its attempt received as `key`. */
  readonly effectKey: string;
}

/** An undo registered with `defer`. */
export type Undo = (info: RollbackInfo) => unknown;

/** An undo with its own retry policy and timeout. */
export interface UndoPolicy<Run = Undo> {
  /** Undoes the effect. */
  readonly run: Run;
  /** When to retry the undo; by default, never. */
  readonly retry?: RetryPolicy | undefined;
  /** The time limit of one attempt of the undo, in milliseconds; by default, none. */
  readonly timeout?: number | undefined;
}

/** An undo by key, as the engine stores it. */
export interface KeyUndo<Run> extends UndoPolicy<Run> {
  readonly afterMs?: number | undefined;
}

/** The info passed to a step's `run`. */
export interface RunInfo {
  /**
   * Aborts when the attempt or the pipeline times out, and when the signal passed to `run()`
   * aborts. It is created when first read.
   */
  readonly signal: AbortSignal;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /**
   * An idempotency key that identifies the effect. All attempts of a step in one run share it until
   * something that an attempt did has been undone, or is due to be undone. The next attempt then
   * gets a new key (`…~2`), because the old one could bring back what was refunded. Other runs have
   * other keys unless the caller passes the same `runId`. It is printable ASCII, fit for a header:
   * `%u20AC` stands for any other character.
   */
  readonly key: string;
  /**
   * Registers the undo of a partial effect as soon as it has happened: a function, or
   * `{ run, retry, timeout }`. It is called once.
   *
   * If the attempt fails, its undos run in reverse order before the next attempt. If it succeeds
   * and the run fails later, they run after the step's own rollback. If it is given up, they run
   * once it has settled, or after `lateMs` at the latest. An undo registered after the attempt has
   * settled is kept as long as the attempt's success stands; otherwise it runs immediately.
   */
  readonly defer: Defer;
}

/** Registers the undo of a partial effect. */
export interface Defer {
  /** Registers a function, or `{ run, retry, timeout }`. */
  (undo: Undo | UndoPolicy): void;
  /**
   * Registers one of the step's `undos` by its name, with the data that it needs. Only such an undo
   * can be carried out by another process, under a durable host.
   */
  (name: string, data?: unknown): void;
}

/** The info passed to a function that returns a collection. */
export interface CollectionInfo {
  /**
   * Aborts when no more items are wanted: when the run is cancelled, or when an item fails and the
   * others are aborted. Pass it on to whatever produces the collection.
   */
  readonly signal: AbortSignal;
}

/** The info passed to a function that is called for an item of a collection. */
export interface ItemInfo extends Pick<RunInfo, "signal" | "key" | "defer"> {
  /** The item's index in the collection, from 0. */
  readonly index: number;
}
