import { freezeDeep } from "./freeze_deep.ts";
import { losesKeys } from "./loses_keys.ts";
import { withSafe } from "./message.ts";
import { withValue } from "./show.ts";

/** The args and outputs accumulated in a run, by key. Always frozen. */
export type Context = Readonly<Record<string, unknown>>;

/** The context of a run without args, and the output of a step that adds nothing. */
export const EMPTY: Context = Object.freeze({});

/**
 * Makes a shallow copy of a user's object, which can be frozen without freezing the original. If
 * its keys are declared, accessors of its class are read too.
 *
 * @throws {TypeError} If it is not an object of keys, or if a copy would lose some. The message
 * completes a sentence such as "Cannot use the output of 'charge' as it".
 */
export function copyObject(
  value: unknown,
  declared?: readonly string[],
): Record<string, unknown> {
  if (typeof value !== "object" || value === null || isIterable(value)) {
    throw refusal("must be an object of keys", value);
  }
  const copy: Record<string, unknown> = { ...value };
  if (Object.getPrototypeOf(value) !== Object.prototype && losesKeys(value)) {
    if (!declared) throw refusal("must be plain data, of which a copy loses nothing", value);
    for (const key of declared) {
      if (key in value) copy[key] = Reflect.get(value, key);
    }
  }
  // Harmless here, but dangerous once the application assigns the context's keys to another object.
  if (Object.hasOwn(copy, "__proto__")) {
    throw new TypeError(
      "must not have the key '__proto__': current value has it",
    );
  }
  return copy;
}

function isIterable(value: Partial<Iterable<unknown>>): boolean {
  return value[Symbol.iterator] !== undefined;
}

function refusal(constraint: string, value: unknown): TypeError {
  const { full, safe } = withValue(constraint, value);
  return withSafe(new TypeError(full), { message: safe });
}

/** Freezes a copy that the engine owns, deeply if requested. */
export function seal(copy: Record<string, unknown>, deep: boolean): Context {
  return deep ? freezeDeep(copy) : Object.freeze(copy);
}
