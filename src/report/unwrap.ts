import type { Result } from "../api/result.ts";

/**
 * Returns the data of a successful run or throws its error, for code that prefers exceptions.
 *
 * @param result The result of a run.
 * @returns Its `data`.
 * @throws {Error} If the run failed: `result.error` itself. The rollback is complete by then; only
 * the result lists undos that failed.
 *
 * @example Usage
 * ```ts
 * import { step, unwrap } from "@runsheet/runsheet";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const half = step({
 *   name: "half",
 *   run: (ctx: { n: number }) => {
 *     if (ctx.n % 2 !== 0) throw new RangeError("odd");
 *     return { half: ctx.n / 2 };
 *   },
 * });
 * const { half: three } = unwrap(await half.run({ n: 6 }));
 * assertEquals(three, 3);
 * await assertRejects(async () => unwrap(await half.run({ n: 7 })), RangeError, "odd");
 * ```
 */
export function unwrap<R extends Result<unknown>>(
  result: R,
): Extract<R, { readonly success: true }>["data"] {
  if (result.success) return result.data;
  throw result.error;
}
