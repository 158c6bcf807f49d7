import { freezeDeep } from "./freeze_deep.ts";
import { message, withSafe } from "./message.ts";
import { shown } from "./show.ts";

/** What has accumulated in a run so far: args and outputs by key. Always frozen. */
export type Context = Readonly<Record<string, unknown>>;

/** The context of a run without args, and the output of a step that adds nothing. */
export const EMPTY: Context = Object.freeze({});

/**
 * A shallow copy of an object that came from the user, to be frozen without freezing theirs.
 *
 * @throws {TypeError} If it is no object of keys; the message ends a sentence that begins with what it should have
 * been.
 */
export function copyObject(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Symbol.iterator in value) {
    const { full, safe } = message`must be an object of keys: current value is ${shown(value)}`;
    throw withSafe(new TypeError(full), { message: safe });
  }
  const copy: Record<string, unknown> = { ...value };
  // Harmless here, but not where the application goes on to assign the context's keys to an object of its own.
  if (Object.hasOwn(copy, "__proto__")) {
    throw new TypeError(
      "must not have the key '__proto__': current value has it",
    );
  }
  return copy;
}

/** Freezes a copy that is the engine's own, all the way down if asked to. */
export function seal(copy: Record<string, unknown>, deep: boolean): Context {
  return deep ? freezeDeep(copy) : Object.freeze(copy);
}
