import { MAX_TIMER_MS, type RetryPolicy } from "../api/policy.ts";
import { aggregateError, errorWith } from "../report/error_with.ts";
import { PredicateError, RetryExhaustedError } from "../report/errors.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";

/** The milliseconds to wait before the n-th retry; the jitter is that of `@std/async/retry`. */
export function backoff(policy: RetryPolicy, n: number): number {
  const { delay = 0, backoff = "linear", jitter = 0, maxDelay = MAX_TIMER_MS } = policy;
  const factor = { linear: n, exponential: 2 ** (n - 1), fixed: 1 }[backoff];
  const ms = Math.min(delay * factor, maxDelay);
  return jitter === 0 ? ms : ms * (1 - jitter * Math.random());
}

/** Decides after a failed attempt whether there is another. */
export class Retries {
  readonly #path: string;
  readonly #policy: RetryPolicy;
  readonly #errors: Error[] = [];
  #final: Error | undefined;

  constructor(path: string, policy: RetryPolicy) {
    this.#path = path;
    this.#policy = policy;
  }

  /**
   * What the effect fails with for good, or `undefined` when it is to be tried again. The user is asked once for each
   * attempt.
   */
  finalError(attempt: number, error: Error): Error | undefined {
    if (this.#errors[attempt - 1] !== error) {
      this.#errors[attempt - 1] = error;
      this.#final = this.#decide(error);
    }
    return this.#final;
  }

  #decide(last: Error): Error | undefined {
    const path = this.#path;
    const policy = this.#policy;
    const errors = this.#errors;
    if (policy.count === 0) return last;
    try {
      if (policy.retryIf && !policy.retryIf([...errors])) return last;
    } catch (cause) {
      const text = message`Cannot retry '${path}' as its 'retryIf' threw: ${shown(cause)}`;
      return aggregateError([last, errorWith(PredicateError, text, { cause })], text);
    }
    if (errors.length <= policy.count) return undefined;
    const text = message`Cannot retry '${path}' as its ${policy.count} retries are used up: ${
      shown(last)
    }`;
    return errorWith(RetryExhaustedError, text, errors);
  }
}
