import type { MaybePromise } from "./types.ts";

/** Goes on with a value, at once unless it is a promise: a run makes as few as its steps do. */
export function after<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

// Not Promise.prototype.finally, which makes three promises more.
async function endLater<T>(promise: Promise<T>, end: () => void): Promise<T> {
  try {
    return await promise;
  } finally {
    end();
  }
}

/** Does something once a call is over, however it ends, and at once unless it gives a promise. */
export function finallyDo<T>(call: () => MaybePromise<T>, end: () => void): MaybePromise<T> {
  let value: MaybePromise<T>;
  try {
    value = call();
  } catch (thrown) {
    end();
    throw thrown;
  }
  if (value instanceof Promise) return endLater(value, end);
  end();
  return value;
}
