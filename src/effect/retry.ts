import { MAX_TIMER_MS, type RetryPolicy } from "../api/policy.ts";
import { PredicateError, RetryExhaustedError, toError } from "../report/errors.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { isThenable } from "../values/maybe_promise.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { aggregateError, errorWith } from "../report/error_with.ts";

/** The milliseconds to wait before the n-th retry; the jitter is that of `@std/async/retry`. */
export function backoff(policy: RetryPolicy, n: number): number {
  const { delay = 0, backoff = "linear", jitter = 0, maxDelay = MAX_TIMER_MS } = policy;
  const factor = { linear: n, exponential: 2 ** (n - 1), fixed: 1 }[backoff];
  const ms = Math.min(delay * factor, maxDelay);
  return jitter === 0 ? ms : ms * (1 - jitter * Math.random());
}

/** As many errors are kept: a copy of all of them at each of 40,000 retries took 21 seconds. */
const MOST_ERRORS = 1_000;

/** Whether there is another attempt; in an object, as a promise would call the `then` of a hostile error. */
export interface Decision {
  /** What the effect fails with for good, or `undefined` when it is to be tried again. */
  readonly final: Error | undefined;
}

/** Decides after a failed attempt whether there is another. */
export class Retries {
  readonly #path: string;
  readonly #policy: RetryPolicy | undefined;
  /** What the attempts failed with, the latest last. */
  readonly errors: Error[] = [];
  #noted = 0;
  #decided = 0;
  #decision: MaybePromise<Decision> = { final: undefined };

  constructor(path: string, policy: RetryPolicy | undefined) {
    this.#path = path;
    this.#policy = policy;
  }

  /** Remembers what an attempt failed with, once. */
  note(attempt: number, error: Error): void {
    if (attempt <= this.#noted) return;
    this.#noted = attempt;
    this.noteLate(error);
  }

  /** Remembers what an attempt failed with after it had been given up. */
  noteLate(error: Error): void {
    this.errors.push(error);
    if (this.errors.length > MOST_ERRORS) this.errors.shift();
  }

  /** Decides after an attempt. The user is asked once for each. */
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
