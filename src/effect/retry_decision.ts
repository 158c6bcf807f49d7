import { MAX_TIMER_MS, type RetryPolicy } from "../api/policy.ts";
import { ConfigError, PredicateError, RetryExhaustedError, toError } from "../report/errors.ts";
import { isPermanent } from "../report/permanent.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { isThenable } from "../values/maybe_promise.ts";
import { message } from "../values/message.ts";
import { shown, withValue } from "../values/show.ts";
import { aggregateError, errorWith } from "../report/error_with.ts";

/** The milliseconds to wait before the n-th retry; jitter works as in `@std/async/retry`. */
function waitBefore(n: number, policy: RetryPolicy, errors: readonly Error[]): number {
  const { count, delay = 0, jitter = 0, maxDelay = MAX_TIMER_MS } = policy;
  const isGiven = typeof delay === "function";
  const ms = isGiven ? given(delay([...errors], n)) : delay * growth(policy, n);
  // It must not undercut a wait that a server has asked for.
  const share = isGiven ? 0 : jitter;
  const wait = Math.min(ms, maxDelay) * (1 - share * Math.random());
  // Endless retries without a wait would keep every timer from firing, even that of a deadline.
  return count === Infinity ? Math.max(wait, 1) : wait;
}

function growth({ backoff = "linear" }: RetryPolicy, n: number): number {
  const factor = typeof backoff === "number"
    ? backoff ** (n - 1)
    : { linear: n, exponential: 2 ** (n - 1), fixed: 1 }[backoff];
  return Math.min(factor, MAX_TIMER_MS);
}

function given(ms: unknown): number {
  if (typeof ms === "number" && ms >= 0) return ms;
  const constraint = "it must give a number of milliseconds from 0";
  throw errorWith(ConfigError, withValue(constraint, ms));
}

/**
 * The number of errors kept. `retryIf` receives a copy of them, so an unbounded list would make
 * retries quadratic.
 */
const MOST_ERRORS = 1_000;

/**
 * Whether another attempt follows. Wraps the error, as a promise would call its `then` if it is
 * hostile.
 */
export type Decision =
  /** The error the effect fails with for good. */
  | { readonly final: Error }
  /** The milliseconds to wait before the next attempt. */
  | { readonly final: undefined; readonly ms: number };

/** Decides after each failed attempt whether another one follows. */
export class Retries {
  readonly #path: string;
  readonly #policy: RetryPolicy | undefined;
  /** The errors of the failed attempts, the latest last. */
  readonly errors: Error[] = [];
  /** The answer of `retryIf` to the attempt decided last, if it was asked or recorded. */
  #answer: boolean | undefined;
  #noted = 0;
  #decided = 0;
  #decision: MaybePromise<Decision> | undefined;

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

  /** Decides after an attempt; asks `retryIf` once per attempt, unless its answer is `recorded`. */
  decide(attempt: number, error: Error, recorded?: boolean): MaybePromise<Decision> {
    if (this.#decided !== attempt) {
      this.#decided = attempt;
      this.#answer = recorded;
      this.note(attempt, error);
      this.#decision = this.#ask(attempt, error);
    }
    return this.#decision!;
  }

  /** The answer of `retryIf` to an attempt. */
  answerTo(attempt: number): boolean | undefined {
    return this.#decided === attempt ? this.#answer : undefined;
  }

  #ask(attempt: number, last: Error): MaybePromise<Decision> {
    const policy = this.#policy;
    if (!policy || policy.count === 0) return { final: last };
    const permanent = this.errors.find(isPermanent);
    if (permanent) return { final: permanent };
    if (!policy.retryIf) return this.#limit(attempt, last);
    const take = (answer: unknown): Decision => {
      this.#answer = Boolean(answer);
      return answer ? this.#limit(attempt, last) : { final: last };
    };
    const refuse = (thrown: unknown): Decision => this.#threw("retryIf", last, thrown);
    if (this.#answer !== undefined) return take(this.#answer);
    try {
      const answer: unknown = policy.retryIf([...this.errors]);
      return isThenable(answer) ? Promise.resolve(answer).then(take, refuse) : take(answer);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  #limit(attempt: number, last: Error): Decision {
    const { count } = this.#policy!;
    if (attempt <= count) return this.#again(attempt, last);
    const text = message`Cannot retry '${this.#path}' as its ${count} retries are used up: ${
      shown(last)
    }`;
    return { final: errorWith(RetryExhaustedError, text, this.errors, attempt) };
  }

  #again(attempt: number, last: Error): Decision {
    try {
      return { final: undefined, ms: waitBefore(attempt, this.#policy!, this.errors) };
    } catch (thrown) {
      return this.#threw("delay", last, thrown);
    }
  }

  #threw(name: string, last: Error, thrown: unknown): Decision {
    const cause = toError(thrown);
    const text = message`Cannot retry '${this.#path}' as its '${name}' threw: ${shown(cause)}`;
    return { final: aggregateError([last, errorWith(PredicateError, text, { cause })], text) };
  }
}
