import type { SchemaIssue } from "../api/schema.ts";
import * as errors from "../report/errors.ts";
import { pathOf } from "../report/safe_issue.ts";
import { cast } from "../values/cast.ts";
import { messageOf, type Safe, safeOf, withSafe } from "../values/message.ts";

const { RunsheetError, toError } = errors;

/**
 * A class of errors of the application.
 *
 * The codec never calls its constructor: it restores the fields of a recorded error on its
 * prototype.
 */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Turns values into text that a database can keep, and back. */
export interface Codec {
  /**
   * Encodes a value.
   *
   * @param value Plain data, also with `Date`, `Map`, `Set`, `bigint`, bytes, `undefined` and
   * errors.
   * @returns JSON.
   * @throws {TypeError} If it holds something that cannot be restored: a function, a client, a
   * cycle.
   */
  encode(value: unknown): string;
  /**
   * Decodes what `encode` has returned.
   *
   * @param text The JSON.
   * @returns The value.
   */
  decode(text: string): unknown;
}

/**
 * Marks what JSON alone cannot express; a user's own key of this name is escaped by doubling it.
 */
const TAG = "$";

const OURS = Object.values<unknown>(errors).filter(isErrorClass);
const NATIVE: readonly ErrorClass[] = [
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === "function" && value.prototype instanceof RunsheetError;
}

/**
 * Makes the codec of durable runs.
 *
 * @param classes The application's classes of errors that keep their class and fields. Other errors
 * come back as an `Error` of the same name and message.
 * @returns A codec.
 *
 * @example Values that JSON alone would lose
 * ```ts
 * import { codec } from "@runsheet/runsheet/durable";
 * import { assertEquals } from "@std/assert";
 *
 * const { encode, decode } = codec();
 * const order = { at: new Date(0), lines: new Map([["tea", 2n]]) };
 * assertEquals(decode(encode(order)), order);
 * ```
 */
export function codec(classes: readonly ErrorClass[] = []): Codec {
  const byName = new Map([...NATIVE, ...OURS, ...classes].map((each) => [each.name, each]));
  return {
    encode: (value) => JSON.stringify(encodeValue(value, "it", new Set())),
    decode: (text) => decodeValue(JSON.parse(text), byName),
  };
}

function encodeValue(value: unknown, path: string, above: Set<unknown>): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tagged("number", Object.is(value, -0) ? "-0" : String(value));
    case "undefined":
      return tagged("undefined");
    case "bigint":
      return tagged("bigint", String(value));
    case "object":
      break;
    default:
      throw refusal(path, `a ${typeof value}`);
  }
  if (value === null) return null;
  if (above.has(value)) throw refusal(path, "part of itself");
  above.add(value);
  const encoded = encodeObject(value, path, above);
  above.delete(value);
  return encoded;
}

function encodeObject(value: object, path: string, above: Set<unknown>): unknown {
  const each = (item: unknown, n: number) => encodeValue(item, `${path}[${n}]`, above);
  if (Array.isArray(value)) return value.map(each);
  if (value instanceof Date) return tagged("date", String(value.getTime()));
  if (value instanceof Map) return tagged("map", [...value].flat().map(each));
  if (value instanceof Set) return tagged("set", [...value].map(each));
  if (value instanceof Uint8Array) return tagged("bytes", Array.from(value));
  if (value instanceof Error) return tagged("error", encodeError(value, path, above));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw refusal(path, `a ${prototype.constructor?.name ?? "class instance"}`);
  }
  const entries = Object.entries(value).map(([key, item]) => [
    key.startsWith(TAG) ? TAG + key : key,
    encodeValue(item, `${path}.${key}`, above),
  ]);
  return Object.fromEntries(entries);
}

function encodeError(error: Error, path: string, above: Set<unknown>): EncodedError {
  const fields = Object.entries(Object.getOwnPropertyDescriptors(error)).flatMap(
    ([key, { value, enumerable = false }]): Field[] => {
      const encoded = key === "stack" ? undefined : encodeField(key, value);
      return encoded === undefined ? [] : [[key, encoded, enumerable]];
    },
  );
  const safe = safeOf(error);
  return {
    class: error.constructor?.name,
    message: error.message,
    fields,
    ...(error instanceof AggregateError && { isAggregate: true }),
    ...(safe && { safe }),
  };

  // Fields of errors are often clients, requests and responses: what cannot be kept is left out.
  function encodeField(key: string, value: unknown): unknown {
    try {
      return encodeValue(key === "issues" ? plainIssues(value) : value, `${path}.${key}`, above);
    } catch (thrown) {
      return key === "cause" ? messageOf(toError(thrown)).full : undefined;
    }
  }
}

/** The issues of a schema: those of arktype are objects that hold themselves. */
function plainIssues(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((issue: SchemaIssue) => ({ message: issue.message, path: pathOf(issue) }));
}

function tagged(type: string, value?: unknown): unknown {
  return { [TAG]: type, ...(value !== undefined && { value }) };
}

function refusal(path: string, what: string): TypeError {
  return new TypeError(`must be data that can be recorded: ${path} is ${what}`);
}

type Classes = ReadonlyMap<string, ErrorClass>;

function decodeValue(json: unknown, classes: Classes): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((item) => decodeValue(item, classes));
  const object = cast<Record<string, unknown>>(json);
  if (!Object.hasOwn(object, TAG)) {
    const entries = Object.entries(object).map(([key, value]) => [
      key.startsWith(TAG) ? key.slice(TAG.length) : key,
      decodeValue(value, classes),
    ]);
    return Object.fromEntries(entries);
  }
  const { value } = object;
  const items = () => cast<unknown[]>(value).map((item) => decodeValue(item, classes));
  switch (object[TAG]) {
    case "undefined":
      return undefined;
    case "number":
      return Number(value);
    case "bigint":
      return BigInt(cast<string>(value));
    case "date":
      return new Date(Number(value));
    case "map":
      return new Map(pairs(items()));
    case "set":
      return new Set(items());
    case "bytes":
      return Uint8Array.from(cast<number[]>(value));
    case "error":
      return decodeError(cast(value), classes);
  }
  throw new TypeError(
    `Cannot decode a record as its tag must be known: current value is ${object[TAG]}`,
  );
}

function pairs(items: readonly unknown[]): [unknown, unknown][] {
  const found: [unknown, unknown][] = [];
  for (let n = 0; n < items.length; n += 2) found.push([items[n], items[n + 1]]);
  return found;
}

type Field = readonly [key: string, value: unknown, enumerable: boolean];

interface EncodedError {
  readonly class: string | undefined;
  readonly message: string;
  readonly fields: readonly Field[];
  readonly isAggregate?: true;
  /** What logs print of it. */
  readonly safe?: Safe;
}

function decodeError(json: EncodedError, classes: Classes): Error {
  const error = json.isAggregate ? new AggregateError([], json.message) : new Error(json.message);
  const known = classes.get(json.class ?? "");
  if (known) Object.setPrototypeOf(error, known.prototype);
  for (const [key, value, enumerable] of json.fields) {
    Object.defineProperty(error, key, {
      value: decodeValue(value, classes),
      enumerable,
      configurable: true,
      writable: true,
    });
  }
  return json.safe ? withSafe(error, json.safe) : error;
}
