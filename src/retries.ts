import { PredicateError, RetryExhaustedError } from "./errors.ts";
import { show } from "./show.ts";
import type { RetryPolicy } from "./types.ts";

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
      const message = `Cannot retry '${path}' as its 'retryIf' threw: ${show(cause)}`;
      const error = new PredicateError(message, { cause });
      return new AggregateError([last, error], error.message);
    }
    if (errors.length <= policy.count) return undefined;
    return new RetryExhaustedError(
      `Cannot retry '${path}' as its ${policy.count} retries are used up: ${show(last)}`,
      errors,
    );
  }
}
