/** The longest delay of a timer, in milliseconds; timers with a longer one fire immediately. */
export const MAX_TIMER_MS = 2_147_483_647;

/** The policies for abandoned attempts. */
export interface Patience {
  /** How long to keep waiting for an abandoned attempt, in milliseconds. */
  readonly graceMs?: number | undefined;
  /** The delay in milliseconds after which its undos run even if it has not settled. */
  readonly lateMs?: number | undefined;
  /** Whether a retry may start before it has settled. */
  readonly overlap?: "allow" | "never" | undefined;
}

/**
 * When and how often to retry after a failure.
 *
 * @example Retry network failures
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
  /**
   * The number of retries after the first attempt; 0 for none. `Infinity` retries until a success,
   * a deadline or an abort, and each delay is then at least 1 ms.
   */
  readonly count: number;
  /**
   * The base delay before a retry, in milliseconds, or a function that returns the whole delay,
   * such as the one a `Retry-After` header asks for. The function receives the errors so far (at
   * most the last 1,000) and the number of the failed attempt, from 1.
   *
   * @default {0}
   */
  readonly delay?: number | ((errors: readonly Error[], attempt: number) => number) | undefined;
  /**
   * How the delay before retry `n` grows: `"linear"` is `delay × n`, `"exponential"` is `delay ×
   * 2^(n-1)`, `"fixed"` is `delay`, and a number is `delay × backoff^(n-1)`. Not allowed with a
   * `delay` function.
   *
   * @default {"linear"}
   */
  readonly backoff?: "linear" | "exponential" | "fixed" | number | undefined;
  /**
   * The random share of each delay, from 0 to 1: with 0.5, a delay is between half and all of its
   * length. It does not shorten the delay that a `delay` function returns.
   *
   * @default {0}
   */
  readonly jitter?: number | undefined;
  /**
   * The longest delay, in milliseconds.
   *
   * @default {2_147_483_647}
   */
  readonly maxDelay?: number | undefined;
  /**
   * Called after each failed attempt with the errors so far (at most the last 1,000). `false` stops
   * retrying, and the step fails with the last error. May be asynchronous.
   *
   * @default {() => true}
   */
  readonly retryIf?: ((errors: readonly Error[]) => boolean | Promise<boolean>) | undefined;
}

/**
 * The policy of a group when a branch or item fails. With `"abort"`, the signals of the others
 * abort, no more start, and the group fails once all in flight have settled. With `"settle"`, the
 * others finish first, and then the group fails; over an endless collection, it fails when the run
 * is aborted or times out.
 */
export type OnFailure = "abort" | "settle";

/** The options of a group of branches. */
export interface GroupOptions {
  /**
   * How many may run at the same time.
   *
   * @default {Infinity}
   */
  readonly concurrency?: number | undefined;
  /**
   * The policy for failures.
   *
   * @default {"abort"}
   */
  readonly onFailure?: OnFailure | undefined;
  /**
   * How many branches or items may be undone at the same time. By default, they are undone one by
   * one, the last first; with a higher limit, they may finish in any order.
   *
   * @default {1}
   */
  readonly undoConcurrency?: number | undefined;
}

/** The options of a group of items. */
export interface ItemOptions {
  /**
   * How many may run at the same time.
   *
   * @default {Infinity}
   */
  readonly concurrency?: number | undefined;
  /**
   * The policy for failures. With `"collect"`, the effects of a failed item are undone, an
   * {@linkcode ItemFailure} takes the place of its result, and the pipeline continues.
   *
   * @default {"abort"}
   */
  readonly onFailure?: OnFailure | "collect" | undefined;
  /**
   * How many branches or items may be undone at the same time. By default, they are undone one by
   * one, the last first; with a higher limit, they may finish in any order.
   *
   * @default {1}
   */
  readonly undoConcurrency?: number | undefined;
}

/** The options of `map`. */
export interface MapOptions extends ItemOptions {
  /**
   * The key under which the step finds its item. Without it, the item's own keys are added to the
   * context.
   */
  readonly as?: string | undefined;
}
