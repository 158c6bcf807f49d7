import { abortedError, isRunsheetError, timeoutError } from "../report/errors.ts";
import { Cancellation, type CancelListener, followSignal } from "../run/cancellation.ts";
import type { Scope } from "../run/scope.ts";

/** The value that a call's promise resolves with when the call is given up. */
export const GIVEN_UP: unique symbol = Symbol("given up");

/** The state of an attempt that the cutoff needs. */
export interface Cuttable {
  readonly path: string;
  readonly scope: Scope;
  readonly effect: { readonly timeout?: number | undefined };
  cancellation: Cancellation | undefined;
  cutoff: Cutoff | undefined;
}

/** Gives the call of an attempt a cutoff if anything can end it early. */
export function startCutoff(attempt: Cuttable, hostSignal?: AbortSignal): Cutoff | undefined {
  const { effect: { timeout }, scope: { cancellation } } = attempt;
  if (timeout === undefined && !hostSignal && !cancellation?.canGiveUp) return undefined;
  const cutoff = attempt.cutoff = new Cutoff(attempt, hostSignal);
  attempt.cancellation = cutoff.cancellation;
  return cutoff;
}

/** Gives up a call after a timeout or a cancellation, by the scope or the host. */
export class Cutoff implements CancelListener {
  /** The call's own cancellation, or the scope's if it is shared. */
  readonly cancellation: Cancellation;
  readonly #isShared: boolean;
  readonly #stopFollowing: (() => void) | undefined;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #resolve: ((value: unknown) => void) | undefined;
  /** The promise that the user's function returned. */
  call: PromiseLike<unknown> | undefined;

  constructor(attempt: Cuttable, hostSignal?: AbortSignal) {
    const { effect: { timeout }, scope: { cancellation } } = attempt;
    // Without its own signal or clock, the attempt can share the scope's cancellation.
    const shared = timeout === undefined && !hostSignal ? cancellation : undefined;
    const own = this.cancellation = shared ?? new Cancellation(cancellation);
    this.#isShared = own === shared;
    this.#stopFollowing = hostSignal &&
      // The host may have measured the timeout itself.
      followSignal(
        hostSignal,
        own,
        (reason) =>
          isRunsheetError(reason, "TIMEOUT") ? reason : abortedError(attempt.path, reason),
      );
    if (timeout !== undefined) {
      const timeOut = () => own.cancel(timeoutError(`'${attempt.path}'`, timeout));
      this.#timer = setTimeout(timeOut, timeout);
    }
  }

  /** Why the call was given up, or must not begin. */
  get error(): Error | undefined {
    return this.cancellation.error;
  }

  /** Follows a call; the promise resolves with `GIVEN_UP` once the call is given up. */
  follow(call: PromiseLike<unknown>): Promise<unknown> {
    this.call = call;
    // Passes `resolve` itself, as V8 cannot trace the caller's frames through a closure.
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      call.then(resolve, reject);
      this.cancellation.listen(this);
    });
  }

  onCancel({ givenUp }: Cancellation): void {
    if (givenUp) this.#resolve!(GIVEN_UP);
  }

  /** Stops the clock and detaches the call. */
  end(): void {
    clearTimeout(this.#timer);
    this.cancellation.unlisten(this);
    if (!this.#isShared) this.cancellation.release();
    this.#stopFollowing?.();
  }
}
