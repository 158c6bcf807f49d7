import { isError } from "./is_error.ts";
import { type Message, message, messageOf, same, shorten } from "./message.ts";

/** Describes any value, even a hostile one, briefly for an error message. */
export function show(value: unknown): string {
  return shown(value).full;
}

/** Describes a value briefly; the safe version gives only its kind. */
export function shown(value: unknown): Message {
  try {
    switch (typeof value) {
      case "string":
        return { full: JSON.stringify(shorten(value, 80)), safe: "a string" };
      case "bigint":
        return { full: `${value}n`, safe: "a bigint" };
      case "number":
      case "boolean":
      case "symbol":
        return { full: String(value), safe: `a ${typeof value}` };
      case "function":
        return same(`function ${value.name || "(anonymous)"}`);
      case "undefined":
        return same("undefined");
      case "object":
        return value === null ? same("null") : shownObject(value);
    }
  } catch {
    // A Proxy or a getter may throw.
  }
  return same("a value that cannot be shown");
}

/** States a problem with a value, and the value. */
export function withValue(problem: string, value: unknown): Message {
  return message`${problem}: current value is ${shown(value)}`;
}

function shownObject(value: object): Message {
  if (Array.isArray(value)) return same(`an array of ${value.length}`);
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  if (isError(value)) {
    const { full, safe } = messageOf(value);
    const withName = (text: string) => `${name}: ${text.replace(/\.$/, "")}`;
    return { full: withName(full), safe: withName(safe) };
  }
  if (name !== undefined && name !== "Object") return same(`a ${name}`);
  const keys = Object.keys(value);
  const more = keys.length > 10 ? `,… ${keys.length - 10} more` : "";
  return same(`an object with keys [${keys.slice(0, 10).map((key) => shorten(key, 80))}${more}]`);
}
