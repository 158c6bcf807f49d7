/** Whether a value is an error of any realm. */
export function isError(value: unknown): value is Error {
  // Errors of another realm (an iframe, `node:vm`) fail `instanceof`, but have the same tag.
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}
