import type { Schema, SchemaResult } from "../api/schema.ts";
import { Refused, refusedBySchema, refusedByThrowing } from "../report/refusal.ts";
import { cast } from "../values/cast.ts";
import { type Context, copyObject } from "../values/context.ts";
import { isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import { type Checking, declaredKeys, makesItself, onlyChecks, strips } from "./declared_keys.ts";

/** Stands for an input that the schema accepted unchanged. */
export const UNCHANGED: unique symbol = Symbol("unchanged");

/** A validated object, wrapped because an object that has a `then` cannot be awaited. */
export class Valid {
  declare readonly value: Context;

  constructor(value: Context) {
    this.value = value;
  }
}

/** The validated object, or the reason it was rejected. */
export type Validated = Valid | Refused | typeof UNCHANGED;

/** Validates an object against a schema, synchronously unless the schema is asynchronous. */
export type Validate = (input: Context) => MaybePromise<Validated>;

/** Validates a whole object; `mayBeInput` is that of the {@linkcode Reading}. */
export function validator(schema: Schema, mayBeInput = false): Validate {
  if (onlyChecks(schema)) return checker(schema);
  if (!strips(schema)) return (input) => validate(schema, input, { ...input }, COPIED);
  const reading = { mayBeInput, isFresh: makesItself(schema) };
  return (input) => validate(schema, input, input, reading);
}

/**
 * Validates only the keys that a schema declares, if known, so that a strict schema accepts a
 * larger context.
 */
export function declaredValidator(schema: Schema): Validate {
  const keys = declaredKeys(schema);
  if (!keys) return validator(schema);
  const validateOwn = validator(schema);
  return (context) => {
    const declared: Record<string, unknown> = {};
    for (const { key } of keys) {
      if (Object.hasOwn(context, key)) declared[key] = context[key];
    }
    const checked = validateOwn(declared);
    return checked === UNCHANGED ? new Valid(declared) : checked;
  };
}

/**
 * Validates the declared keys of a context; the result is merged over the context. It is the
 * context itself if the schema changes nothing, which saves copies.
 */
export function contextValidator(schema: Schema): Validate {
  const isOwn = onlyChecks(schema) || strips(schema);
  return isOwn ? validator(schema, true) : declaredValidator(schema);
}

/** Whether an object has only keys and values that the input has, too. */
function changesNothing(value: unknown, input: Context): boolean {
  if (!isRecord(value)) return false;
  for (const key of Object.keys(value)) {
    const own = value[key];
    if (own !== input[key] || own === undefined && !Object.hasOwn(input, key)) return false;
  }
  return true;
}

function checker(schema: Checking): Validate {
  return (input) => {
    try {
      // Faster than `~standard`, which allocates a result object for each call.
      return schema.allows(input) ? UNCHANGED : validate(schema, input, { ...input }, COPIED);
    } catch (thrown) {
      return schemaFailed(thrown);
    }
  };
}

/** How to read the value that a schema returns. */
interface Reading {
  /** Whether to return the input itself if the value does not differ from it. */
  readonly mayBeInput: boolean;
  /** Whether the value is an object that the schema has just made. */
  readonly isFresh: boolean;
}

const COPIED: Reading = { mayBeInput: false, isFresh: false };

/**
 * `given` is a copy of the input for schemas that may morph it in place, as contexts are frozen.
 */
function validate(
  schema: Schema,
  input: Context,
  given: Context,
  reading: Reading,
): MaybePromise<Validated> {
  try {
    const result = schema["~standard"].validate(given);
    if (!isThenable(result)) return readResult(schema, input, reading, result);
    return Promise.resolve(result)
      .then((result) => readResult(schema, input, reading, result))
      .catch(schemaFailed);
  } catch (thrown) {
    return schemaFailed(thrown);
  }
}

function readResult(
  schema: Schema,
  input: Context,
  { mayBeInput, isFresh }: Reading,
  result: SchemaResult<unknown>,
): Validated {
  if (result.issues) return new Refused(refusedBySchema(result.issues, input));
  const { value } = result;
  if (mayBeInput && changesNothing(value, input)) return UNCHANGED;
  if (isFresh) return new Valid(cast(value));
  const copy = copyObject(value);
  if (schema["~standard"].vendor === "arktype") keepInstances(schema, input, copy);
  return new Valid(copy);
}

function schemaFailed(thrown: unknown): Validated {
  return new Refused(refusedByThrowing(thrown));
}

// An arktype schema with a morph or a default anywhere clones its whole input first, which breaks
// clients and connections. Restore the caller's values that the schema did not mean to change.
function keepInstances(schema: Schema, input: Context, value: Record<string, unknown>): void {
  const keys = declaredKeys(schema);
  for (const key of Object.keys(value)) {
    const before = input[key];
    const after = value[key];
    if (before === after || !Object.hasOwn(input, key)) continue;
    const declared = keys?.find((declared) => declared.key === key);
    if (keys ? !declared?.morphs : isCopy(before, after)) value[key] = before;
    else if (declared && declaredKeys(declared.schema) && isRecord(before) && isRecord(after)) {
      keepInstances(declared.schema, before, after);
    }
  }
}

/** Without known keys: whether a class instance, other than a Date, was replaced by another one. */
function isCopy(before: unknown, after: unknown): boolean {
  if (!isRecord(before) || !isRecord(after)) return false;
  const kind = Object.getPrototypeOf(before);
  const plain = [Object.prototype, null, Array.prototype, Date.prototype];
  return !plain.includes(kind) && kind === Object.getPrototypeOf(after);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
