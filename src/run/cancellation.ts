import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";

/** Limits the search, as causes may form a cycle. */
const DEEPEST_CAUSE = 100;

/** Called on each cancellation. */
export interface CancelListener {
  onCancel(cancellation: Cancellation): void;
}

/**
 * A cancellation and its listeners. It creates no `AbortController` until `signal` is read, and no
 * set until there is a second listener.
 */
export class Cancellation implements CancelListener {
  /** Why it was cancelled; `undefined` before that. Once it is set, nothing may start. */
  error: Error | undefined;
  /** The reason that the signal aborts with. */
  reason: unknown;
  /** Whether calls in flight are given up instead of waited for. */
  givenUp = false;
  /** Whether it can ever give up calls in flight. */
  readonly canGiveUp: boolean;
  readonly #parent: Cancellation | undefined;
  #controller: AbortController | undefined;
  #listeners: CancelListener | Set<CancelListener> | undefined;

  /** Its parent cancels it, too, until it is released. */
  constructor(parent?: Cancellation, canGiveUp = true) {
    this.canGiveUp = canGiveUp;
    this.#parent = parent;
    parent?.listen(this);
  }

  /**
   * Cancels: the run fails with `error`, and the signal aborts with `reason`. The first call
   * decides both, but a second one may still give up calls that the first would wait for.
   */
  cancel(error: Error, reason: unknown = error, giveUp = true): void {
    if (this.error && (this.givenUp || !giveUp)) return;
    if (!this.error) {
      this.error = error;
      this.reason = reason;
    }
    this.givenUp = giveUp;
    const listeners = this.#listeners;
    if (listeners instanceof Set) {
      for (const listener of [...listeners]) {
        listener.onCancel(this);
      }
    } else listeners?.onCancel(this);
    this.#controller?.abort(this.reason);
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

  /** Calls the listener on each cancellation, immediately if already cancelled. */
  listen(listener: CancelListener): void {
    const listeners = this.#listeners;
    if (!listeners) this.#listeners = listener;
    else if (listeners instanceof Set) listeners.add(listener);
    else this.#listeners = new Set([listeners, listener]);
    if (this.error) listener.onCancel(this);
  }

  /** Removes a listener. */
  unlisten(listener: CancelListener): void {
    const listeners = this.#listeners;
    if (listeners instanceof Set) listeners.delete(listener);
    else if (listeners === listener) this.#listeners = undefined;
  }

  /** Called when its parent is cancelled. */
  onCancel({ error, reason, givenUp }: Cancellation): void {
    this.cancel(error!, reason, givenUp);
  }

  /** Detaches it from its parent. */
  release(): void {
    this.#parent?.unlisten(this);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.error) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }
}

/**
 * Cancels when a signal aborts; returns a function that stops following. A user's signal may throw:
 * its errors are ignored once it is followed.
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

/** Resolves with the promise's value, or with `undefined` as soon as it is given up. */
export function untilGivenUp<T>(
  promise: Promise<T>,
  cancellation: Cancellation | undefined,
): Promise<T | undefined> {
  return cancellation?.canGiveUp ? until(promise, cancellation, ({ givenUp }) => givenUp) : promise;
}

/** Like `untilGivenUp`, but synchronous for a value that is not a promise. */
export function unlessGivenUp<T>(
  value: MaybePromise<T>,
  cancellation: Cancellation | undefined,
): MaybePromise<T | undefined> {
  if (isPromise(value)) return untilGivenUp(value, cancellation);
  return cancellation?.givenUp ? undefined : value;
}

/** Resolves with the promise's value, or with `undefined` as soon as it is cancelled. */
export function untilCancelled<T>(
  promise: Promise<T>,
  cancellation: Cancellation,
): Promise<T | undefined> {
  return until(promise, cancellation, () => true);
}

async function until<T>(
  promise: Promise<T>,
  cancellation: Cancellation,
  isOver: (cancellation: Cancellation) => boolean,
): Promise<T | undefined> {
  let listener: CancelListener | undefined;
  try {
    // Passes `resolve` itself, as V8 cannot trace the caller's frames through a closure.
    return await new Promise<T | undefined>((resolve, reject) => {
      promise.then(resolve, reject);
      listener = {
        onCancel: () => {
          if (isOver(cancellation)) resolve(undefined);
        },
      };
      cancellation.listen(listener);
    });
  } finally {
    cancellation.unlisten(listener!);
  }
}
