import { show } from "../values/show.ts";
import { isError } from "../values/is_error.ts";
import { asksForArgs, errorJSON, type JSONOptions } from "./error_json.ts";

/**
 * The base class of results, so that `toJSON` costs nothing per run. To a console and in every
 * other respect, instances look like plain objects.
 */
export class Printable {
  static {
    looksPlain(this);
  }

  /** The fields to print. */
  fields(): [string, unknown][] {
    return Object.entries(this);
  }

  /** Returns the data that `JSON.stringify` prints; it passes a key instead of options. */
  toJSON(options?: JSONOptions | string): unknown {
    return valueJSON(this, asksForArgs(options));
  }
}

/** Makes the instances of a class look like plain objects. */
export function looksPlain(type: { readonly prototype: object }): void {
  Object.defineProperty(type.prototype, "constructor", { value: Object });
}

/**
 * Gives a plain object a hidden `toJSON` method. Unlike instances of a class, it still equals plain
 * objects in tests. Defining the property is slow, so use it only for reports of failures.
 */
export function withToJSON<T extends object>(fields: T): T {
  return Object.defineProperty(fields, "toJSON", { value: Printable.prototype.toJSON });
}

// Args may hold secrets and clients, and data include the args.
const HIDDEN = ["args", "data"];

const DEEPEST = 64;

/**
 * Converts any value to JSON: plain data as is, errors as {@linkcode ErrorJSON}, and anything else,
 * such as a client, as a short description.
 */
export function valueJSON(value: unknown, args: boolean, around: readonly unknown[] = []): unknown {
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") {
    return show(value);
  }
  if (typeof value !== "object" || value === null) return value;
  if (around.includes(value)) return "[circular]";
  const inside = [...around, value];
  const print = (part: unknown) => valueJSON(part, args, inside);
  try {
    if (isError(value)) return errorJSON(value, args);
    if (value instanceof Date) return Date.prototype.toISOString.call(value);
    if (around.length < DEEPEST) {
      if (Array.isArray(value)) return value.map((part) => print(part));
      if (isPlain(value)) {
        // Hidden at any depth and in plain objects too, as these may be spread results.
        const fields = value instanceof Printable ? value.fields() : Object.entries(value);
        const entries = fields.filter(([key]) => args || !HIDDEN.includes(key));
        return Object.fromEntries(entries.map(([key, part]) => [key, print(part)]));
      }
    }
  } catch {
    // A Proxy or a getter may throw.
  }
  return show(value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return value instanceof Printable || prototype === Object.prototype || prototype === null;
}
