import { freezeDeep } from "./freeze_deep.ts";
import { losesKeys } from "./loses_keys.ts";
import { message, withSafe } from "./message.ts";
import { shown } from "./show.ts";

/** What has accumulated in a run so far: args and outputs by key. Always frozen. */
export type Context = Readonly<Record<string, unknown>>;

/** The context of a run without args, and the output of a step that adds nothing. */
export const EMPTY: Context = Object.freeze({});

/**
 * A shallow copy of an object that came from the user, to be frozen without freezing theirs. Where its keys are declared,
 * accessors of its class are read by them.
 *
 * @throws {TypeError} If it is no object of keys, or the copy would lose some; the message ends a sentence that begins
 * with what it should have been.
 */
export function copyObject(
  value: unknown,
  declared?: readonly string[],
): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Symbol.iterator in value) {
    throw refusal("must be an object of keys", value);
  }
  const copy: Record<string, unknown> = { ...value };
  if (losesKeys(value)) {
    if (!declared) throw refusal("must be plain data, of which a copy loses nothing", value);
    for (const key of declared) {
      if (key in value) copy[key] = Reflect.get(value, key);
    }
  }
  // Harmless here, but not where the application goes on to assign the context's keys to an object of its own.
  if (Object.hasOwn(copy, "__proto__")) {
    throw new TypeError(
      "must not have the key '__proto__': current value has it",
    );
  }
  return copy;
}

function refusal(constraint: string, value: unknown): TypeError {
  const { full, safe } = message`${constraint}: current value is ${shown(value)}`;
  return withSafe(new TypeError(full), { message: safe });
}

/** Freezes a copy that is the engine's own, all the way down if asked to. */
export function seal(copy: Record<string, unknown>, deep: boolean): Context {
  return deep ? freezeDeep(copy) : Object.freeze(copy);
}
