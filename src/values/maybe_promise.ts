import { cast } from "./cast.ts";

/** A value, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * Whether a value of the engine's own is still to be awaited. By its `then`, as `instanceof` fails where the global
 * `Promise` is swapped: async functions give native ones under zone.js and inside Dexie's transactions, too.
 */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof cast<Partial<Promise<T>> | undefined>(value)?.then === "function";
}

/** Whether a value of the user's must be awaited. Throws what its `then` throws when it is read. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && "then" in value &&
    typeof value.then === "function";
}

/**
 * Continues with a value, at once unless it is a promise: a run makes as few as its steps do. Steps and sequences write
 * it out where every run passes: a closure that is made even when there is nothing to wait for takes 8 % of a sync run.
 */
export function after<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return isPromise(value) ? value.then(next) : next(value);
}
