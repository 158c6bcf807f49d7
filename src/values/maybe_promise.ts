import { cast } from "./cast.ts";

/** A value or a promise of it. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * Whether an engine value must be awaited. It tests `then` because `instanceof` fails if the global
 * `Promise` is replaced: under zone.js or inside Dexie's transactions, async functions still return
 * native promises.
 */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof cast<Partial<Promise<T>> | undefined>(value)?.then === "function";
}

/** Whether a user's value must be awaited. Throws if reading its `then` throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && typeof cast<Partial<PromiseLike<unknown>>>(value).then === "function";
}

/**
 * Continues with a value, synchronously unless it is a promise. Hot paths write it out instead, as
 * creating a closure costs time even when there is nothing to await.
 */
export function andThen<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return isPromise(value) ? value.then(next) : next(value);
}
