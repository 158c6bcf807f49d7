import type { SchemaIssue } from "../api/schema.ts";
import { checkFunction, refuse } from "../report/checks.ts";
import {
  AbortedError,
  ArgsValidationError,
  ChoiceNoMatchError,
  ConfigError,
  type ErrorCode,
  PredicateError,
  ProvidesValidationError,
  RequiresValidationError,
  RetryExhaustedError,
  RollbackError,
  StrictOverlapError,
  TimeoutError,
  toError,
  UnknownError,
} from "../report/errors.ts";
import { pathOf } from "../report/safe_issue.ts";
import { cast } from "../values/cast.ts";
import { messageOf, type Safe, safeOf, withSafe } from "../values/message.ts";

/**
 * A class of errors of the application.
 *
 * The codec never calls its constructor: it restores the fields of a recorded error on its
 * prototype. It knows the class by its name, which a minifier must keep: esbuild and wrangler do so
 * with `keep-names`.
 */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Turns values into text that a database can store, and back. */
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
   * Decodes text that `encode` returned.
   *
   * @param text The JSON.
   * @returns The value.
   */
  decode(text: string): unknown;
}

/** Marks values that JSON cannot express. A user's key that begins with it gets a second one. */
const TAG = "$";

// Not the module's namespace, which every application would then ship whole.
const BY_CODE: Readonly<Record<ErrorCode, ErrorClass>> = {
  ARGS_VALIDATION: ArgsValidationError,
  REQUIRES_VALIDATION: RequiresValidationError,
  PROVIDES_VALIDATION: ProvidesValidationError,
  PREDICATE: PredicateError,
  TIMEOUT: TimeoutError,
  ABORTED: AbortedError,
  RETRY_EXHAUSTED: RetryExhaustedError,
  STRICT_OVERLAP: StrictOverlapError,
  CHOICE_NO_MATCH: ChoiceNoMatchError,
  ROLLBACK: RollbackError,
  CONFIG: ConfigError,
  UNKNOWN: UnknownError,
};
/** A minifier names our classes anew in each build, so a record names them by their code. */
const CODES: ReadonlyMap<unknown, string> = new Map(
  Object.entries(BY_CODE).map(([code, each]) => [each, code]),
);
const NATIVE: readonly ErrorClass[] = [
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];

/**
 * Makes the codec of durable runs.
 *
 * @param classes The application's classes of errors that keep their class and fields. Other errors
 * come back as an `Error` of the same name and message.
 * @param limits The most bytes of UTF-8 that the engine stores for one value; `encode` throws for
 * more. There is no limit by default.
 * @returns A codec.
 * @throws {ConfigError} If two classes have the same name, or one has none.
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
export function codec(
  classes: readonly ErrorClass[] = [],
  { maxBytes = Infinity }: { readonly maxBytes?: number | undefined } = {},
): Codec {
  const byName = new Map<string, ErrorClass>(Object.entries(BY_CODE));
  for (const each of NATIVE) byName.set(each.name, each);
  for (const each of new Set(classes)) {
    const action = "make a codec";
    checkFunction(action, "errors", each);
    if (each.name === "" || byName.has(each.name)) {
      refuse(action, "each class of errors must have a name of its own", each.name);
    }
    byName.set(each.name, each);
  }
  return {
    encode(value) {
      const text = textOf(value);
      // A UTF-16 code unit takes at most three bytes.
      const bytes = text.length * 3 > maxBytes ? new TextEncoder().encode(text).length : 0;
      if (bytes <= maxBytes) return text;
      throw new TypeError(`must have at most ${maxBytes} bytes: current value is ${bytes}`);
    },
    decode: (text) => decodeValue(JSON.parse(text), { byName, errors: [] }),
  };
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(encodeValue(value, "it", { above: new Set(), errors: new Map() }));
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    // The value exceeds the call stack or the longest string.
    throw refusal("it", "nested too deeply, or too large");
  }
}

/** An encoding in progress. */
interface Encoding {
  /** The objects around the value. */
  readonly above: Set<unknown>;
  /** The errors so far. One in two places, such as a cause, is restored as one object. */
  readonly errors: Map<Error, number>;
}

function encodeValue(value: unknown, path: string, encoding: Encoding): unknown {
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
  const { above } = encoding;
  if (above.has(value)) throw refusal(path, "part of itself");
  above.add(value);
  try {
    return encodeObject(value, path, encoding);
  } finally {
    above.delete(value);
  }
}

function encodeObject(value: object, path: string, encoding: Encoding): unknown {
  const each = (item: unknown, n: number) => encodeValue(item, `${path}[${n}]`, encoding);
  // Not `map`, which leaves out holes.
  if (Array.isArray(value)) return Array.from(value, each);
  if (value instanceof Uint8Array) return tagged("bytes", Array.from(value));
  if (value instanceof Error) return encodeError(value, path, encoding);
  const kind = [Date, Map, Set].find((kind) => value instanceof kind);
  const prototype = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (kind ? prototype !== kind.prototype : !isPlain) {
    throw refusal(path, `a ${prototype.constructor?.name ?? "class instance"}`);
  }
  if (value instanceof Date) return tagged("date", String(value.getTime()));
  if (value instanceof Map) return tagged("map", [...value].flat().map(each));
  if (value instanceof Set) return tagged("set", [...value].map(each));
  const entries = Object.entries(value).map(([key, item]) => [
    key.startsWith(TAG) ? TAG + key : key,
    encodeValue(item, `${path}.${key}`, encoding),
  ]);
  return Object.fromEntries(entries);
}

function encodeError(error: Error, path: string, encoding: Encoding): unknown {
  const { errors } = encoding;
  const known = errors.get(error);
  if (known !== undefined) return tagged("same", known);
  const n = errors.size;
  errors.set(error, n);
  const fields = Object.entries(Object.getOwnPropertyDescriptors(error)).flatMap(
    ([key, { value, enumerable = false }]): Field[] => {
      const encoded = key === "stack" ? undefined : encodeField(key, value);
      return encoded === undefined ? [] : [[key, encoded, enumerable]];
    },
  );
  const safe = safeOf(error);
  const encoded: EncodedError = {
    n,
    class: CODES.get(error.constructor) ?? error.constructor?.name,
    message: error.message,
    fields,
    ...(error instanceof AggregateError && { isAggregate: true }),
    ...(safe && { safe }),
  };
  return tagged("error", encoded);

  // Fields of errors are often clients, requests and responses; those that cannot be recorded are
  // left out.
  function encodeField(key: string, value: unknown): unknown {
    const before = errors.size;
    try {
      const plain = key === "issues" ? plainIssues(value) : value;
      return encodeValue(plain, `${path}.${key}`, encoding);
    } catch (thrown) {
      if (errors.size > before) {
        for (const [left] of [...errors].slice(before)) errors.delete(left);
      }
      return key === "cause" ? messageOf(toError(thrown)).full : undefined;
    }
  }
}

/** The issues of a schema as plain data; those of arktype contain themselves. */
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

/** A decoding in progress. */
interface Decoding {
  readonly byName: ReadonlyMap<string, ErrorClass>;
  readonly errors: Error[];
}

function decodeValue(json: unknown, decoding: Decoding): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((item) => decodeValue(item, decoding));
  const object = cast<Record<string, unknown>>(json);
  if (!Object.hasOwn(object, TAG)) {
    const entries = Object.entries(object).map(([key, value]) => [
      key.startsWith(TAG) ? key.slice(TAG.length) : key,
      decodeValue(value, decoding),
    ]);
    return Object.fromEntries(entries);
  }
  const { value } = object;
  const items = () => cast<unknown[]>(value).map((item) => decodeValue(item, decoding));
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
      return decodeError(cast(value), decoding);
    case "same":
      return decoding.errors[Number(value)];
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
  /** Its number among the errors of the encoded value. */
  readonly n: number;
  readonly class: string | undefined;
  readonly message: string;
  readonly fields: readonly Field[];
  readonly isAggregate?: true;
  /** The values that logs print for it. */
  readonly safe?: Safe;
}

function decodeError(json: EncodedError, decoding: Decoding): Error {
  const error = json.isAggregate ? new AggregateError([], json.message) : new Error(json.message);
  decoding.errors[json.n] = error;
  const known = decoding.byName.get(json.class ?? "");
  if (known) Object.setPrototypeOf(error, known.prototype);
  for (const [key, value, enumerable] of json.fields) {
    Object.defineProperty(error, key, {
      value: decodeValue(value, decoding),
      enumerable,
      configurable: true,
      writable: true,
    });
  }
  return json.safe ? withSafe(error, json.safe) : error;
}
