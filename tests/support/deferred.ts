/** A promise that is settled from outside. */
export interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: unknown) => void;
}

/** `Promise.withResolvers`, which Node 20 lacks. */
export function deferred<T = void>(): Deferred<T> {
  let resolve: Deferred<T>["resolve"] = () => {};
  let reject: Deferred<T>["reject"] = () => {};
  const promise = new Promise<T>((ok, ko) => {
    resolve = ok;
    reject = ko;
  });
  return { promise, resolve, reject };
}

/** A promise that never settles. */
export function never(): Promise<void> {
  return new Promise(() => {});
}

const { setTimeout: realSetTimeout } = globalThis;

/** Waits for everything that needs no timer. */
export function drain(): Promise<void> {
  return new Promise((resolve) => realSetTimeout(resolve, 0));
}
