import type { Context } from "../values/context.ts";
import { keepAsIs } from "../values/freeze_deep.ts";

/** The values that a run holds for its steps: they are in contexts, but not in data or records. */
export class HeldValues {
  readonly #values = new Map<string, Set<unknown>>();

  add(key: string, value: unknown): void {
    const values = this.#values.get(key) ?? new Set();
    this.#values.set(key, values.add(value));
    keepAsIs(value);
  }

  /** The first key of `added` that is held in `ctx`; with `mayHold`, `added` may hold it as well. */
  find(added: Context, ctx: Context, mayHold = false): string | undefined {
    return Object.keys(added).find((key) =>
      Object.hasOwn(ctx, key) && this.has(key, ctx[key]) &&
      !(mayHold && this.has(key, added[key]))
    );
  }

  /** Copies a context without the held values. */
  without(ctx: Context): Context {
    return Object.freeze(
      Object.fromEntries(Object.entries(ctx).filter(([key, value]) => !this.has(key, value))),
    );
  }

  /** Whether a value is held under a key. */
  has(key: string, value: unknown): boolean {
    return this.#values.get(key)?.has(value) ?? false;
  }
}
