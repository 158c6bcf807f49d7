import { MAX_TIMER_MS, type RetryPolicy } from "../api/policy.ts";
import { PredicateError, RetryExhaustedError, toError } from "../report/errors.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { isThenable } from "../values/maybe_promise.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { aggregateError, errorWith } from "../report/error_with.ts";

/** The milliseconds to wait before the n-th retry; jitter works as in `@std/async/retry`. */
export function backoff(policy: RetryPolicy, n: number): number {
  const { delay = 0, backoff = "linear", jitter = 0, maxDelay = MAX_TIMER_MS } = policy;
  const factor = { linear: n, exponential: 2 ** (n - 1), fixed: 1 }[backoff];
  const ms = Math.min(delay * factor, maxDelay);
  return jitter === 0 ? ms : ms * (1 - jitter * Math.random());
}

/**
 * The number of errors kept. `retryIf` receives a copy of them, so an unbounded list would make
 * retries quadratic.
 */
const MOST_ERRORS = 1_000;

/**
 * Whether another attempt follows. An object, as a promise would call `then` on a hostile error.
 */
export interface Decision {
  /** The error the effect fails with for good; `undefined` if another attempt follows. */
  readonly final: Error | undefined;
}

/** Decides after each failed attempt whether another one follows. */
export class Retries {
  readonly #path: string;
  readonly #policy: RetryPolicy | undefined;
  /** The errors of the failed attempts, the latest last. */
  readonly errors: Error[] = [];
  #noted = 0;
  #decided = 0;
  #decision: MaybePromise<Decision> = { final: undefined };

  constructor(path: string, policy: RetryPolicy | undefined) {
    this.#path = path;
    this.#policy = policy;
  }

  /** Records the error of a failed attempt, once per attempt. */
  note(attempt: number, error: Error): void {
    if (attempt <= this.#noted) return;
    this.#noted = attempt;
    this.noteLate(error);
  }

  /** Records the error of an abandoned attempt that failed late. */
  noteLate(error: Error): void {
    this.errors.push(error);
    if (this.errors.length > MOST_ERRORS) this.errors.shift();
  }

  /** Decides after an attempt; asks `retryIf` once per attempt. */
  decide(attempt: number, error: Error): MaybePromise<Decision> {
    if (this.#decided !== attempt) {
      this.#decided = attempt;
      this.note(attempt, error);
      this.#decision = this.#ask(attempt, error);
    }
    return this.#decision;
  }

  #ask(attempt: number, last: Error): MaybePromise<Decision> {
    const policy = this.#policy;
    if (!policy || policy.count === 0) return { final: last };
    if (!policy.retryIf) return this.#limit(attempt, last);
    const take = (answer: unknown): Decision =>
      answer ? this.#limit(attempt, last) : { final: last };
    const refuse = (thrown: unknown): Decision => ({ final: this.#threw(last, toError(thrown)) });
    try {
      const answer: unknown = policy.retryIf([...this.errors]);
      return isThenable(answer) ? Promise.resolve(answer).then(take, refuse) : take(answer);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  #limit(attempt: number, last: Error): Decision {
    const { count } = this.#policy!;
    if (attempt <= count) return { final: undefined };
    const text = message`Cannot retry '${this.#path}' as its ${count} retries are used up: ${
      shown(last)
    }`;
    return { final: errorWith(RetryExhaustedError, text, this.errors, attempt) };
  }

  #threw(last: Error, cause: Error): Error {
    const text = message`Cannot retry '${this.#path}' as its 'retryIf' threw: ${shown(cause)}`;
    return aggregateError([last, errorWith(PredicateError, text, { cause })], text);
  }
}
