/** The longest time that a timer can wait, in milliseconds; beyond it timers fire at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** How an attempt that was given up is waited for. */
export interface Patience {
  /** How long, in milliseconds. */
  readonly graceMs?: number | undefined;
  /** How long, in milliseconds, before what it deferred is undone all the same. */
  readonly lateMs?: number | undefined;
  /** Whether a retry may start while it is under way. */
  readonly overlap?: "allow" | "never" | undefined;
}

/** An undo as the engine keeps it. */
export interface UndoWith<Undo> {
  readonly run: Undo;
  readonly retry?: RetryPolicy | undefined;
  readonly timeout?: number | undefined;
}

/** An undo by key as the engine keeps it. */
export interface KeyUndo<Undo> extends UndoWith<Undo> {
  /** How long after the attempt, in milliseconds. */
  readonly afterMs?: number | undefined;
}

/**
 * When and how often to try again after a failure.
 *
 * @example Try again what may pass
 * ```ts
 * import { type RetryPolicy, step } from "@runsheet/runsheet";
 *
 * const patient: RetryPolicy = {
 *   count: 3,
 *   delay: 200,
 *   backoff: "exponential", // 200, 400, 800 ms
 *   jitter: 0.5,
 *   retryIf: (errors) => errors.at(-1) instanceof TypeError, // fetch did not get through
 * };
 * step({ name: "load", retry: patient, run: () => fetch("https://stock.example").then(() => {}) });
 * ```
 */
export interface RetryPolicy {
  /** How many retries there may be after the first attempt; 0 for none. */
  readonly count: number;
  /**
   * The unit of the wait before a retry, in milliseconds.
   *
   * @default {0}
   */
  readonly delay?: number | undefined;
  /**
   * How the wait before retry `n` grows: `"linear"` `delay × n`, `"exponential"` `delay × 2^(n-1)`, `"fixed"` `delay`.
   *
   * @default {"linear"}
   */
  readonly backoff?: "linear" | "exponential" | "fixed" | undefined;
  /**
   * How much of a wait is left to chance, 0 to 1: with 0.5 a wait is between half of itself and all of itself.
   *
   * @default {0}
   */
  readonly jitter?: number | undefined;
  /**
   * The longest wait, in milliseconds.
   *
   * @default {2_147_483_647}
   */
  readonly maxDelay?: number | undefined;
  /**
   * Called after every failed attempt with the errors so far, the last 1,000 at most; `false` stops at once and lets
   * the last error through. May be asynchronous.
   *
   * @default {() => true}
   */
  readonly retryIf?: ((errors: readonly Error[]) => boolean | Promise<boolean>) | undefined;
}

/**
 * What a group does when one of its branches or items fails. `"abort"`: the others' signals abort, none starts any
 * more, and once all in flight have settled the group fails. `"settle"`: the others finish first, and then the group
 * fails; over a collection without end it fails with the run's abort or timeout.
 */
export type OnFailure = "abort" | "settle";

/** How a group of branches runs. */
export interface GroupOptions {
  /**
   * How many may be in flight at once.
   *
   * @default {Infinity}
   */
  readonly concurrency?: number | undefined;
  /**
   * What happens when one fails.
   *
   * @default {"abort"}
   */
  readonly onFailure?: OnFailure | undefined;
}

/** How the items of a collection run. */
export interface ItemOptions {
  /**
   * How many may be in flight at once.
   *
   * @default {Infinity}
   */
  readonly concurrency?: number | undefined;
  /**
   * What happens when one fails. `"collect"`: its own effects are undone, an {@linkcode ItemFailure} stands in the
   * output in place of its result, and the pipeline goes on.
   *
   * @default {"abort"}
   */
  readonly onFailure?: OnFailure | "collect" | undefined;
}

/** How the items of a `map` run. */
export interface MapOptions extends ItemOptions {
  /** The key under which the step finds its item; without it an item is spread into the context. */
  readonly as?: string | undefined;
}
