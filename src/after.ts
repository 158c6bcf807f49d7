import type { MaybePromise } from "./types.ts";

/**
 * Goes on with a value, at once unless it is a promise: a run makes as few as its steps do. Steps and sequences write it
 * out where every run passes: a closure that is made even when there is nothing to wait for takes 8 % of a sync run.
 */
export function after<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
