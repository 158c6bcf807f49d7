import { MAX_TIMER_MS } from "./cancel.ts";
import type { RetryPolicy } from "./types.ts";

/** The milliseconds to wait before the n-th retry; the jitter is that of `@std/async/retry`. */
export function backoff(policy: RetryPolicy, n: number): number {
  const { delay = 0, backoff = "linear", jitter = 0, maxDelay = MAX_TIMER_MS } = policy;
  const factor = { linear: n, exponential: 2 ** (n - 1), fixed: 1 }[backoff];
  const ms = Math.min(delay * factor, maxDelay);
  return jitter === 0 ? ms : ms * (1 - jitter * Math.random());
}
