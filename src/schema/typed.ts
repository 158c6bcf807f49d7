import { cast } from "../values/cast.ts";
import type { Schema } from "../api/schema.ts";

const trusting: Schema<never> = /* @__PURE__ */ Object.freeze({
  "~standard": /* @__PURE__ */ Object.freeze({
    version: 1,
    vendor: "runsheet",
    validate: (value: unknown) => ({ value: cast<never>(value) }),
  }),
});

/**
 * A schema that checks nothing and only carries a type: for args that the compiler has already
 * checked, or for values that no schema can describe, such as clients.
 *
 * @returns A Standard Schema that accepts every value.
 *
 * @example The args of a pipeline
 * ```ts
 * import { pipeline, step, typed } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const count = step({
 *   name: "count",
 *   run: (ctx: { text: string }) => ({ length: ctx.text.length }),
 * });
 * const p = pipeline({ name: "p", argsSchema: typed<{ text: string }>(), steps: [count] });
 *
 * const result = await p.run({ text: "tea" });
 * assertEquals(result.success && result.data.length, 3);
 * ```
 */
export function typed<T extends object>(): Schema<T> {
  return cast(trusting);
}
