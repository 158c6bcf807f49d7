/** What can be cancelled, and all that hangs on it. It costs no `AbortController` until somebody reads `signal`. */
export class Cancellation {
  /** Why it was cancelled; `undefined` while it is not. */
  error: Error | undefined;
  #reason: unknown;
  #controller: AbortController | undefined;
  readonly #listeners = new Set<() => void>();

  /** Cancels, once: `error` is what the run fails with, `reason` what the signal tells. */
  cancel(error: Error, reason: unknown = error): void {
    if (this.error) return;
    this.error = error;
    this.#reason = reason;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
    this.#controller?.abort(reason);
  }

  /** Calls back when it is cancelled, at once if it is already; returns how to stop listening. */
  onCancel(listener: () => void): () => void {
    if (this.error) listener();
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A cancellation of its own that this one cancels too; returns with it how to let go. */
  child(): [child: Cancellation, release: () => void] {
    const child = new Cancellation();
    const release = this.onCancel(() => child.cancel(this.error!, this.#reason));
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

/** The longest time that a timer can wait, in milliseconds; beyond it timers fire at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** Cancels after a time; returns how to stop the clock. */
export function startTimeout(
  ms: number,
  cancellation: Cancellation,
  toError: () => Error,
): () => void {
  const clock = AbortSignal.timeout(ms);
  // Node lets a process end whose only pending thing is an AbortSignal.timeout: this one keeps it alive.
  const keepAlive = setTimeout(() => {}, MAX_TIMER_MS);
  const fire = () => cancellation.cancel(toError());
  clock.addEventListener("abort", fire, { once: true });
  return () => {
    clearTimeout(keepAlive);
    clock.removeEventListener("abort", fire);
  };
}

/** A promise's value, or `undefined` as soon as there is a cancellation. */
export function untilCancelled<T>(
  promise: Promise<T>,
  cancellation: Cancellation | undefined,
): Promise<T | undefined> {
  if (!cancellation) return promise;
  return new Promise((resolve, reject) => {
    const release = cancellation.onCancel(() => resolve(undefined));
    promise.then(resolve, reject).then(release);
  });
}
