import { toError } from "../report/errors.ts";
import { messageOf, safeOf, shorten, withSafe } from "../values/message.ts";
import type { Codec } from "./codec.ts";

const LONGEST = 1_000;
const MOST = 10;
/** The largest copy, as JSON; one with many short fields has none of them. */
const LARGEST = 50_000;
/** The number of levels of causes that are kept. */
const DEEPEST = 2;

/**
 * Copies an error that is too large to be recorded, such as one with the body of a response. Its
 * message is cut, and long fields are left out.
 */
export function cutError(codec: Codec, error: Error, depth = 0): Error {
  const cut = cutMessage(error);
  for (const [key, field] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
    if (key === "message" || key === "stack") continue;
    const value = cutField(field.value);
    if (value !== undefined) Object.defineProperty(cut, key, { ...field, value });
  }
  return fits(cut, LARGEST) ? cut : cutMessage(error);

  function cutField(value: unknown): unknown {
    const isList = Array.isArray(value) && value.every((item) => item instanceof Error);
    if (value instanceof Error || isList) {
      if (depth === DEEPEST) return undefined;
      const cutOne = (one: unknown) => cutError(codec, toError(one), depth + 1);
      return isList ? value.slice(0, MOST).map(cutOne) : cutOne(value);
    }
    return fits(value, LONGEST) ? value : undefined;
  }

  function fits(value: unknown, longest: number): boolean {
    try {
      return codec.encode(value).length <= longest;
    } catch {
      return false;
    }
  }
}

/** Copies an error without its fields. */
export function cutMessage(error: Error, longest: number = LONGEST): Error {
  const cut = new Error(shorten(messageOf(error).full, longest));
  Object.setPrototypeOf(cut, Object.getPrototypeOf(error));
  const safe = safeOf(error);
  if (!safe) return cut;
  // Without them, logs would print the error's own issues and cause, which may quote what was refused.
  const { message, issues, cause } = safe;
  return withSafe(cut, {
    message: shorten(message, longest),
    ...(issues && { issues: JSON.stringify(issues).length > longest ? [] : issues }),
    ...(cause !== undefined && { cause: shorten(cause, longest) }),
  });
}
