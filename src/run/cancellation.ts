import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";

/** Causes may go round in a circle. */
const DEEPEST_CAUSE = 100;

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

  /**
   * Whether an error says only that code has stopped because of this cancellation: it is the cancellation's error, or
   * has that among its causes. From code that had the signal an `AbortError` says the same, unless it has another cause.
   */
  explains(error: Error, hadSignal: boolean): boolean {
    if (!this.error) return false;
    try {
      if (hadSignal && error.name === "AbortError" && error.cause === undefined) return true;
      let cause: unknown = error;
      for (let depth = 0; depth < DEEPEST_CAUSE && cause instanceof Error; depth++) {
        if (cause === this.error) return true;
        cause = cause.cause;
      }
    } catch {
      // a getter of the user's may throw
    }
    return false;
  }

  /** Calls back whenever it is cancelled, at once if it is already; returns how to stop listening. */
  onCancel(listener: () => void): () => void {
    const listeners = this.#listeners ??= new Set();
    listeners.add(listener);
    if (this.error) listener();
    return () => listeners.delete(listener);
  }

  /** What the signal tells. */
  get reason(): unknown {
    return this.#reason;
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

/**
 * Cancels when a signal aborts; returns how to let go. The signal is the user's: whatever it throws once it is followed
 * changes nothing.
 */
export function followSignal(
  signal: AbortSignal,
  cancellation: Cancellation,
  toError: (reason: unknown) => Error,
): () => void {
  const follow = () => {
    const reason = reasonOf(signal);
    cancellation.cancel(toError(reason), reason);
  };
  if (!signal.aborted) return listenTo(signal).add(follow);
  follow();
  return () => {};
}

function reasonOf(signal: AbortSignal): unknown {
  try {
    return signal.reason;
  } catch (thrown) {
    return thrown;
  }
}

/** All that follow one signal. It has a single listener: Node takes more than ten for a leak, and warns. */
class Followers {
  readonly #signal: AbortSignal;
  readonly #followers = new Set<() => void>();
  readonly #onAbort = (): void => {
    for (const follow of [...this.#followers]) follow();
  };

  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#signal = signal;
  }

  /** Adds one; returns how to take it out again. With the last one the listener goes, too. */
  add(follow: () => void): () => void {
    this.#followers.add(follow);
    return () => {
      if (this.#followers.delete(follow) && this.#followers.size === 0) this.#stop();
    };
  }

  #stop(): void {
    listening.delete(this.#signal);
    try {
      this.#signal.removeEventListener("abort", this.#onAbort);
    } catch {
      // A signal that is no real one may lack the method: then a listener stays that has nothing to call.
    }
  }
}

const listening = new WeakMap<AbortSignal, Followers>();

function listenTo(signal: AbortSignal): Followers {
  let followers = listening.get(signal);
  if (!followers) listening.set(signal, followers = new Followers(signal));
  return followers;
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
  if (isPromise(value)) return untilGivenUp(value, cancellation);
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
