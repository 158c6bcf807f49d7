import type { MaybePromise } from "../values/maybe_promise.ts";

/** A condition on the context; may be asynchronous. */
export type Predicate<Ctx> = (ctx: Ctx) => MaybePromise<boolean>;

/**
 * Takes the place of a failed item's result in the output when `onFailure` is `"collect"`.
 *
 * @example Set failed items aside
 * ```ts
 * import { map, pipeline, step, unwrap } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const check = step({
 *   name: "check",
 *   run: (ctx: { n: number }) => {
 *     if (ctx.n < 0) throw new RangeError("negative");
 *     return { root: Math.sqrt(ctx.n) };
 *   },
 * });
 * const roots = map("roots", () => [4, -4], check, { as: "n", onFailure: "collect" });
 * const { roots: [four, failed] } = unwrap(await pipeline({ name: "p", steps: [roots] }).run());
 * assertEquals(four, { root: 2 });
 * assertEquals(failed && "error" in failed && failed.item, -4);
 * ```
 */
export interface ItemFailure<Item> {
  /** Distinguishes a failure from a result. */
  readonly success: false;
  /** Why the item failed. */
  readonly error: Error;
  /** The item that failed. */
  readonly item: Item;
}

/** A branch that failed in a `parallel` whose `onFailure` is `"collect"`. */
export interface BranchFailure {
  /** The name of the branch. */
  readonly step: string;
  /** Why it failed. */
  readonly error: Error;
}

/** A collection: an array, a Set, a Map's values, or any other iterable or async iterable. */
export type Collection<Item> = Iterable<Item> | AsyncIterable<Item>;
