import { cast } from "../values/cast.ts";
import { toError } from "./errors.ts";

/** Not a property of the error: that is the application's, and may be frozen. */
const marked = new WeakSet<Error>();

/**
 * Marks an error as one that trying again does not cure: no retry policy tries again after it,
 * neither that of the step or the handler that throws it nor that of a pipeline around it, and
 * `retryIf` is not asked.
 *
 * @param error The error, made anew for each failure, as it stays marked. It is what the run fails
 * with, untouched.
 * @returns The same error, to be thrown.
 *
 * @example A card that is declined
 * ```ts
 * import { permanent, step } from "@runsheet/runsheet";
 * import { assert, assertEquals } from "@std/assert";
 *
 * let attempts = 0;
 * const charge = step({
 *   name: "charge",
 *   retry: { count: 3, delay: 200 },
 *   run: () => {
 *     attempts++;
 *     throw permanent(new Error("card declined"));
 *   },
 * });
 * const result = await charge.run({});
 * assert(!result.success);
 * assertEquals([result.error.message, attempts], ["card declined", 1]);
 * ```
 */
export function permanent<E extends Error>(error: E): E {
  const real = toError(error);
  marked.add(real);
  return cast(real);
}

/** Whether trying again does not cure an error, or one of those that it holds. */
export function isPermanent(error: Error): boolean {
  try {
    return marked.has(error) || error instanceof AggregateError && error.errors.some(isPermanent);
  } catch {
    return false; // a getter of the user's may throw, and errors may hold themselves
  }
}
