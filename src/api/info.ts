import type { RetryPolicy } from "./policy.ts";

/** What `rollback` gets besides the context and the output. */
export interface RollbackInfo {
  /** Why there is a rollback. */
  readonly error: Error;
  /** Aborts when the handler's own `timeout` is over; the run's abort does not reach it. */
  readonly signal: AbortSignal;
  /** Which attempt of the handler this is, from 1. */
  readonly attempt: number;
  /** An idempotency key of its own: the same for every attempt of this undo. */
  readonly key: string;
  /** The key that the attempt sent whose effect is undone. */
  readonly effectKey: string;
}

/** An undo registered by `defer`. */
export type Undo = (info: RollbackInfo) => unknown;

/** An undo with a retry policy and a timeout of its own. */
export interface UndoPolicy {
  /** Undoes it. */
  readonly run: Undo;
  /** When to try the undo again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt of the undo may take, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** What `run` gets besides the context. */
export interface RunInfo {
  /**
   * Aborts when the attempt is over time, when the pipeline is, and when the signal given to `run` aborts. Made when
   * it is read for the first time.
   */
  readonly signal: AbortSignal;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /**
   * An idempotency key, which names the effect: the same for every attempt of this step in this run, until something
   * of an attempt has been undone or is due to be; the next attempt then has a new one (`…~2`), as the old one would
   * bring back what was refunded. Every run has other keys, unless the caller gives the same `runId`.
   */
  readonly key: string;
  /**
   * Registers the undo of a part-effect the moment it has happened: a function, or `{ run, retry, timeout }`. It is
   * called once. If the attempt fails, what it registered unwinds in reverse before the next attempt; if it succeeds,
   * it stands behind the step's own rollback, and both run when the run fails. If the attempt was given up, it is
   * undone when the attempt has settled, and after `lateMs` at the latest. What is registered when the attempt has
   * already settled is not lost either: it stands as long as its attempt does, else it is undone at once.
   */
  readonly defer: (undo: Undo | UndoPolicy) => void;
}

/** What the function that gives a collection gets besides the context. */
export interface CollectionInfo {
  /**
   * Aborts when no more items are wanted: the run is cancelled, or an item has failed and the others are aborted. Pass
   * it on to what the collection waits for.
   */
  readonly signal: AbortSignal;
}

/** What a function gets besides the item and the context when it is called for an item of a collection. */
export interface ItemInfo extends Pick<RunInfo, "signal" | "key" | "defer"> {
  /** The item's place in the collection, from 0. */
  readonly index: number;
}
