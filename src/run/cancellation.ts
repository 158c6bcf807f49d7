import type { MaybePromise } from "../values/maybe_promise.ts";

/** What can be cancelled, and all that hangs on it. It costs no `AbortController` until somebody reads `signal`. */
export class Cancellation {
  /** Why it was cancelled; `undefined` while it is not. Nothing may start after it. */
  error: Error | undefined;
  /** Whether what is in flight is given up, too, and not waited for. */
  givenUp = false;
  #reason: unknown;
  #controller: AbortController | undefined;
  #listeners: Set<() => void> | undefined;
  /** Whether it ever gives up what is in flight. */
  readonly canGiveUp: boolean;

  constructor(canGiveUp = true) {
    this.canGiveUp = canGiveUp;
  }

  /**
   * Cancels: `error` is what the run fails with, `reason` what the signal tells. The first one counts, but a second one
   * may still give up what the first would wait for.
   */
  cancel(error: Error, reason: unknown = error, giveUp = true): void {
    if (this.error && (this.givenUp || !giveUp)) return;
    if (!this.error) {
      this.error = error;
      this.#reason = reason;
    }
    this.givenUp = giveUp;
    for (const listener of [...this.#listeners ?? []]) listener();
    this.#controller?.abort(this.#reason);
  }

  /** Calls back whenever it is cancelled, at once if it is already; returns how to stop listening. */
  onCancel(listener: () => void): () => void {
    const listeners = this.#listeners ??= new Set();
    listeners.add(listener);
    if (this.error) listener();
    return () => listeners.delete(listener);
  }

  /** A cancellation of its own that this one cancels too; returns with it how to let go. */
  child(canGiveUp = true): [child: Cancellation, release: () => void] {
    const child = new Cancellation(canGiveUp);
    const release = this.onCancel(() => child.cancel(this.error!, this.#reason, this.givenUp));
    return [child, release];
  }

  /** The signal for the user's code. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.error) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }
}

/** Cancels when a signal aborts; returns how to let go. */
export function followSignal(
  signal: AbortSignal,
  cancellation: Cancellation,
  toError: (reason: unknown) => Error,
): () => void {
  const follow = () => cancellation.cancel(toError(signal.reason), signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener("abort", follow, { once: true });
  return () => signal.removeEventListener("abort", follow);
}

/** Cancels after a time; returns how to stop the clock. */
export function startTimeout(
  ms: number,
  cancellation: Cancellation,
  toError: () => Error,
): () => void {
  // Not AbortSignal.timeout: one that does not fire holds 2.4 KB on Node until it would have, and keeps no process alive.
  const timer = setTimeout(() => cancellation.cancel(toError()), ms);
  return () => clearTimeout(timer);
}

/** A promise's value, or `undefined` as soon as what is in flight is given up. */
export function untilGivenUp<T>(
  promise: Promise<T>,
  cancellation: Cancellation | undefined,
): Promise<T | undefined> {
  return cancellation?.canGiveUp
    ? until(promise, cancellation, () => cancellation.givenUp)
    : promise;
}

/** As `untilGivenUp`, but at once where there is nothing to wait for. */
export function unlessGivenUp<T>(
  value: MaybePromise<T>,
  cancellation: Cancellation | undefined,
): MaybePromise<T | undefined> {
  if (value instanceof Promise) return untilGivenUp(value, cancellation);
  return cancellation?.givenUp ? undefined : value;
}

/** A promise's value, or `undefined` as soon as there is a cancellation of either kind. */
export function untilCancelled<T>(
  promise: Promise<T>,
  cancellation: Cancellation,
): Promise<T | undefined> {
  return until(promise, cancellation, () => true);
}

function until<T>(
  promise: Promise<T>,
  cancellation: Cancellation,
  isOver: () => boolean,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const release = cancellation.onCancel(() => {
      if (isOver()) resolve(undefined);
    });
    promise.then(
      (value) => {
        release();
        resolve(value);
      },
      (thrown) => {
        release();
        reject(thrown);
      },
    );
  });
}
