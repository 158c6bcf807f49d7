import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";

/** A limit, because causes may form a cycle. */
const DEEPEST_CAUSE = 100;

/**
 * A cancellation and its listeners. It creates no `AbortController` until somebody reads `signal`.
 */
export class Cancellation {
  /** Why it was cancelled; `undefined` before that. Once it is set, nothing may start. */
  error: Error | undefined;
  /** Whether calls in flight are given up instead of waited for. */
  givenUp = false;
  #reason: unknown;
  #controller: AbortController | undefined;
  #listeners: Set<() => void> | undefined;
  /** Whether it can ever give up calls in flight. */
  readonly canGiveUp: boolean;

  constructor(canGiveUp = true) {
    this.canGiveUp = canGiveUp;
  }

  /**
   * Cancels: the run fails with `error`, and the signal aborts with `reason`. The first call
   * decides both, but a second one may still give up calls that the first would wait for.
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
   * Whether an error only reports this cancellation: it is the cancellation's error or has it among
   * its causes. If the code had the signal, an `AbortError` without a cause counts too.
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
      // A user's getter may throw.
    }
    return false;
  }

  /**
   * Calls `listener` on each cancellation, immediately if already cancelled. Returns a function
   * that stops listening.
   */
  onCancel(listener: () => void): () => void {
    const listeners = this.#listeners ??= new Set();
    listeners.add(listener);
    if (this.error) listener();
    return () => listeners.delete(listener);
  }

  /** The reason that the signal aborts with. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Creates a cancellation that this one also cancels, and a function that detaches it. */
  child(canGiveUp = true): [child: Cancellation, release: () => void] {
    const child = new Cancellation(canGiveUp);
    const release = this.onCancel(() => child.cancel(this.error!, this.#reason, this.givenUp));
    return [child, release];
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.error) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }
}

/**
 * Cancels when a signal aborts; returns a function that stops following. Signals come from users:
 * errors that one throws after it is followed have no effect.
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

/**
 * The followers of one signal. They share a single listener, as Node warns of a leak at more than
 * ten.
 */
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

  /**
   * Adds a follower; returns a function that removes it. The last one to leave removes the
   * listener.
   */
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
      // A signal-like object may lack the method; the listener left behind has nothing to call.
    }
  }
}

const listening = new WeakMap<AbortSignal, Followers>();

function listenTo(signal: AbortSignal): Followers {
  let followers = listening.get(signal);
  if (!followers) listening.set(signal, followers = new Followers(signal));
  return followers;
}

/** Cancels after `ms` milliseconds; returns a function that stops the clock. */
export function startTimeout(
  ms: number,
  cancellation: Cancellation,
  toError: () => Error,
): () => void {
  // Not `AbortSignal.timeout`: on Node it holds memory until it fires, and it keeps no process
  // alive.
  const timer = setTimeout(() => cancellation.cancel(toError()), ms);
  return () => clearTimeout(timer);
}

/** Resolves with the promise's value, or with `undefined` as soon as it is given up. */
export function untilGivenUp<T>(
  promise: Promise<T>,
  cancellation: Cancellation | undefined,
): Promise<T | undefined> {
  return cancellation?.canGiveUp
    ? until(promise, cancellation, () => cancellation.givenUp)
    : promise;
}

/** Like `untilGivenUp`, but synchronous for a value that is not a promise. */
export function unlessGivenUp<T>(
  value: MaybePromise<T>,
  cancellation: Cancellation | undefined,
): MaybePromise<T | undefined> {
  if (isPromise(value)) return untilGivenUp(value, cancellation);
  return cancellation?.givenUp ? undefined : value;
}

/** Resolves with the promise's value, or with `undefined` as soon as there is any cancellation. */
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
