import type { Schema, SchemaResult } from "../api/schema.ts";
import { type Refusal, refusedBySchema, refusedByThrowing } from "../report/refusal.ts";
import { type Context, copyObject } from "../values/context.ts";
import { isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import { type Checking, declaredKeys, onlyChecks } from "./declared_keys.ts";

/** What a schema made of an object, or what is wrong with it. */
export type Validated =
  | { readonly ok: true; readonly value: Context }
  | { readonly ok: false; readonly refusal: Refusal };

/** Validates an object against one schema, at once unless the schema is asynchronous. */
export type Validate = (input: Context) => MaybePromise<Validated>;

/** How to validate an object. */
export function validator(schema: Schema): Validate {
  return onlyChecks(schema) ? checker(schema) : (input) => validate(schema, input);
}

/** How to validate only what a schema declares, where that is known, so that it need not know the rest of the context. */
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
 * How to validate what a schema declares of a context: what comes out goes over the context. It is the context itself
 * where the schema only checks, as copies of what is not changed take half of a run's time.
 */
export function contextValidator(schema: Schema): Validate {
  return onlyChecks(schema) ? checker(schema) : declaredValidator(schema);
}

function checker(schema: Checking): Validate {
  return (input) => {
    try {
      // A quarter of the time of a run less than by way of the standard, which makes an object for each answer.
      return schema.allows(input) ? { ok: true, value: input } : validate(schema, input);
    } catch (thrown) {
      return schemaFailed(thrown);
    }
  };
}

/** A copy of the object goes to the schema: some morph in place, and contexts are frozen. */
function validate(schema: Schema, input: Context): MaybePromise<Validated> {
  try {
    const result = schema["~standard"].validate({ ...input });
    return isThenable(result)
      ? validateLater(schema, input, result)
      : readResult(schema, input, result);
  } catch (thrown) {
    return schemaFailed(thrown);
  }
}

async function validateLater(
  schema: Schema,
  input: Context,
  result: PromiseLike<SchemaResult<unknown>>,
): Promise<Validated> {
  try {
    return readResult(schema, input, await result);
  } catch (thrown) {
    return schemaFailed(thrown);
  }
}

function readResult(schema: Schema, input: Context, result: SchemaResult<unknown>): Validated {
  if (result.issues) return { ok: false, refusal: refusedBySchema(result.issues, input) };
  const value = copyObject(result.value);
  if (schema["~standard"].vendor === "arktype") keepInstances(schema, input, value);
  return { ok: true, value };
}

function schemaFailed(thrown: unknown): Validated {
  return { ok: false, refusal: refusedByThrowing(thrown) };
}

// Where an arktype schema has a morph or a default anywhere, it clones the whole input first, and the clone of a client
// or a connection is a broken one: what the schema did not mean to change is the caller's own value again.
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

/** Where the schema's keys are not known: whether an instance of a class, other than Date, has become another one. */
function isCopy(before: unknown, after: unknown): boolean {
  if (!isRecord(before) || !isRecord(after)) return false;
  const kind = Object.getPrototypeOf(before);
  const plain = [Object.prototype, null, Array.prototype, Date.prototype];
  return !plain.includes(kind) && kind === Object.getPrototypeOf(after);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
