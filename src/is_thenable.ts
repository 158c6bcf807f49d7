/** Whether a value must be awaited: a promise of any kind or realm. Throws what its `then` throws when it is read. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && "then" in value &&
    typeof value.then === "function";
}
