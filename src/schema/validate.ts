import type { Schema, SchemaResult } from "../api/schema.ts";
import { type Refusal, refusedBySchema, refusedByThrowing } from "../report/refusal.ts";
import { type Context, copyObject } from "../values/context.ts";
import { isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import { type Checking, declaredKeys, onlyChecks, strips } from "./declared_keys.ts";

/** The validated object, or the reason it was rejected. */
export type Validated =
  | { readonly ok: true; readonly value: Context }
  | { readonly ok: false; readonly refusal: Refusal };

/** Validates an object against a schema, synchronously unless the schema is asynchronous. */
export type Validate = (input: Context) => MaybePromise<Validated>;

export function validator(schema: Schema): Validate {
  if (onlyChecks(schema)) return checker(schema);
  return strips(schema)
    ? (input) => validate(schema, input, input)
    : (input) => validate(schema, input);
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
    return validateOwn(declared);
  };
}

/**
 * Validates the declared keys of a context; the result is merged over the context. It is the
 * context itself if the schema changes nothing, which saves copies.
 */
export function contextValidator(schema: Schema): Validate {
  if (onlyChecks(schema)) return checker(schema);
  return strips(schema)
    ? (context) => validate(schema, context, context, changesNothing)
    : declaredValidator(schema);
}

/** Whether an object has only keys and values that the input has, too. */
function changesNothing(value: unknown, input: Context): boolean {
  if (!isRecord(value)) return false;
  for (const key of Object.keys(value)) {
    if (value[key] !== input[key] || !Object.hasOwn(input, key)) return false;
  }
  return true;
}

function checker(schema: Checking): Validate {
  return (input) => {
    try {
      // Faster than `~standard`, which allocates a result object for each call.
      return schema.allows(input) ? { ok: true, value: input } : validate(schema, input);
    } catch (thrown) {
      return schemaFailed(thrown);
    }
  };
}

/** The schema gets a copy unless told otherwise: some morph in place, and contexts are frozen. */
function validate(
  schema: Schema,
  input: Context,
  given: Context = { ...input },
  isInput: (value: unknown, input: Context) => boolean = () => false,
): MaybePromise<Validated> {
  try {
    const result = schema["~standard"].validate(given);
    return isThenable(result)
      ? validateLater(schema, input, isInput, result)
      : readResult(schema, input, isInput, result);
  } catch (thrown) {
    return schemaFailed(thrown);
  }
}

async function validateLater(
  schema: Schema,
  input: Context,
  isInput: (value: unknown, input: Context) => boolean,
  result: PromiseLike<SchemaResult<unknown>>,
): Promise<Validated> {
  try {
    return readResult(schema, input, isInput, await result);
  } catch (thrown) {
    return schemaFailed(thrown);
  }
}

function readResult(
  schema: Schema,
  input: Context,
  isInput: (value: unknown, input: Context) => boolean,
  result: SchemaResult<unknown>,
): Validated {
  if (result.issues) return { ok: false, refusal: refusedBySchema(result.issues, input) };
  if (isInput(result.value, input)) return { ok: true, value: input };
  const value = copyObject(result.value);
  if (schema["~standard"].vendor === "arktype") keepInstances(schema, input, value);
  return { ok: true, value };
}

function schemaFailed(thrown: unknown): Validated {
  return { ok: false, refusal: refusedByThrowing(thrown) };
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
