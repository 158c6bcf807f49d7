import { cast } from "../values/cast.ts";
import { toError } from "./errors.ts";

/** Not a property of the error, which belongs to the application and may be frozen. */
const marked = new WeakSet<Error>();

/**
 * Marks an error as permanent: nothing is retried after it, neither by the policy of the step or
 * the handler that throws it nor by that of a pipeline around it, and `retryIf` is not asked.
 *
 * @param error The error. Make a new one for each failure, as it stays marked. The run fails with
 * this error, unchanged.
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

/** Whether an error, or one inside it, is marked as permanent. */
export function isPermanent(error: Error): boolean {
  try {
    return marked.has(error) || error instanceof AggregateError && error.errors.some(isPermanent);
  } catch {
    return false; // A user's getter may throw, and errors may contain themselves.
  }
}
