// `length` omits rest parameters and those with defaults, and native code shows no parameters.
const HIDDEN = /^[^(=]*\([^)]*(\.\.\.|=)|\barguments\b|\[native code|\[bytecode/;

/**
 * Whether a user's function may take its info, which comes after `before` other parameters. If
 * not, it can defer nothing.
 */
export function takesInfo(call: unknown, before: number): boolean {
  if (typeof call !== "function") return false; // refused, or a step
  return call.length > before || HIDDEN.test(Function.prototype.toString.call(call));
}
