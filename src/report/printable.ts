import { show } from "../values/show.ts";
import { isError } from "../values/is_error.ts";
import { asksForArgs, errorJSON, type JSONOptions } from "./error_json.ts";

/**
 * What a run tells in each case: its class has `toJSON` at no cost. In all else the instances are like plain objects, for a
 * console, too.
 */
export class Printed {
  static {
    looksPlain(this);
  }

  /** What is printed of it. */
  fields(): [string, unknown][] {
    return Object.entries(this);
  }

  /** What `JSON.stringify` prints; it gives a key where the options would be. */
  toJSON(options?: JSONOptions | string): unknown {
    return printable(this, asksForArgs(options));
  }
}

/** Lets the instances of a class show as plain objects. */
export function looksPlain(type: { readonly prototype: object }): void {
  Object.defineProperty(type.prototype, "constructor", { value: Object });
}

/**
 * Gives a plain object a `toJSON` of its own. That takes a while, so it is for what is told when something has failed; tests
 * compare it with plain objects, which has to hold.
 */
export function printed<T extends object>(fields: T): T {
  return Object.defineProperty(fields, "toJSON", { value: Printed.prototype.toJSON });
}

// Args may hold secrets and clients, and data hold the args.
const HIDDEN = ["args", "data"];

const DEEPEST = 64;

/**
 * What JSON can print of any value: plain data, and errors by what tells them. Anything else, such as a client, is named in
 * a few words.
 */
export function printable(value: unknown, args: boolean, around: readonly unknown[] = []): unknown {
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") {
    return show(value);
  }
  if (typeof value !== "object" || value === null) return value;
  if (around.includes(value)) return "[circular]";
  const inside = [...around, value];
  const print = (part: unknown) => printable(part, args, inside);
  try {
    if (isError(value)) return errorJSON(value, args);
    if (value instanceof Date) return Date.prototype.toISOString.call(value);
    if (around.length < DEEPEST) {
      if (Array.isArray(value)) return value.map((part) => print(part));
      if (isPlain(value)) {
        // At any depth: a copy of a result, such as a spread, is none of ours any more.
        const fields = value instanceof Printed ? value.fields() : Object.entries(value);
        const entries = fields.filter(([key]) => args || !HIDDEN.includes(key));
        return Object.fromEntries(entries.map(([key, part]) => [key, print(part)]));
      }
    }
  } catch {
    // a Proxy or a getter may throw
  }
  return show(value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return value instanceof Printed || prototype === Object.prototype || prototype === null;
}
