import { type Context, copyObject } from "./context.ts";
import { toError } from "./errors.ts";
import { isThenable } from "./is_thenable.ts";
import { showIssues } from "./show_issues.ts";
import type { Schema, SchemaIssue, SchemaResult } from "./standard_schema.ts";
import type { MaybePromise } from "./types.ts";

/** A schema that gives its very input back. */
type Checking = Schema & { readonly allows: (value: unknown) => boolean };

/** What a schema made of an object, or what is wrong with it. */
export type Validated =
  | { readonly ok: true; readonly value: Context }
  | {
    readonly ok: false;
    readonly issues: readonly SchemaIssue[];
    /** The issues in one line. */
    readonly summary: string;
    readonly cause?: unknown;
  };

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
  if (result.issues) return refused(result.issues);
  const value = copyObject(result.value);
  if (schema["~standard"].vendor === "arktype") keepInstances(schema, input, value);
  return { ok: true, value };
}

function refused(issues: readonly SchemaIssue[]): Validated {
  return { ok: false, issues, summary: showIssues(issues) };
}

function schemaFailed(thrown: unknown): Validated {
  const cause = toError(thrown);
  const summary = `the schema failed: ${cause.message}`;
  return { ok: false, issues: [{ message: summary }], summary, cause };
}

/** A key that a schema declares. */
export interface DeclaredKey {
  /** The key. */
  readonly key: string;
  /** Whether it must be there. */
  readonly required: boolean;
  /** Whether the schema may change what stands there. */
  readonly morphs: boolean;
  /** The schema of what stands there. */
  readonly schema: Schema;
}

const declared = new WeakMap<Schema, readonly DeclaredKey[] | undefined>();

/** The keys that an object schema of arktype, zod or valibot declares; `undefined` where that cannot be known. */
export function declaredKeys(
  schema: Schema,
): readonly DeclaredKey[] | undefined {
  if (!declared.has(schema)) declared.set(schema, readKeys(schema));
  return declared.get(schema);
}

// Standard Schema does not tell keys, and its JSON Schema companion throws on what JSON cannot hold (a client, a
// morph), so each library's own property is read. All of them are optional, and absent means unknown.
interface Introspectable {
  // arktype
  readonly props?: readonly {
    readonly key: unknown;
    readonly kind: string;
    readonly value: Schema & { readonly includesTransform?: boolean };
  }[];
  readonly structure?: { readonly index?: unknown; readonly undeclared?: unknown };
  readonly includesTransform?: boolean;
  readonly references?: readonly { readonly kind: string }[];
  readonly allows?: unknown;
  // zod
  readonly shape?: Record<string, Schema & { readonly _zod?: { readonly optin?: string } }>;
  readonly _zod?: {
    readonly def: {
      readonly catchall?: { readonly _zod: { readonly def: { readonly type: string } } };
    };
  };
  // valibot
  readonly entries?: Record<string, Schema & { readonly type: string }>;
  readonly rest?: unknown;
}

/**
 * Whether a schema gives its very input back and does not mind keys that it does not declare: one of arktype's without a
 * morph, a default, a predicate of the user's, or a say on undeclared keys.
 */
function onlyChecks(schema: Schema): schema is Checking {
  try {
    const { structure, includesTransform, references, allows } = schema as Introspectable;
    return schema["~standard"].vendor === "arktype" && typeof allows === "function" &&
      includesTransform === false && structure !== undefined &&
      structure.undeclared === undefined &&
      references?.every(({ kind }) => kind !== "predicate") === true;
  } catch {
    return false;
  }
}

function readKeys(schema: Schema): readonly DeclaredKey[] | undefined {
  try {
    const { props, structure, shape, _zod, entries, rest } = schema as Introspectable;
    if (
      props && !structure?.index &&
      props.every(({ key }) => typeof key === "string")
    ) {
      return props.map(({ key, kind, value }) => ({
        key: String(key),
        required: kind === "required",
        morphs: value.includesTransform ?? true,
        schema: value,
      }));
    }
    const catchall = _zod?.def.catchall?._zod.def.type ?? "never";
    if (shape && catchall === "never") {
      return Object.entries(shape).map(([key, schema]) => {
        return { key, required: !schema._zod?.optin, morphs: true, schema };
      });
    }
    if (entries && !rest) {
      const optional = ["optional", "exact_optional", "nullish", "undefinedable"];
      return Object.entries(entries).map(([key, schema]) => {
        return { key, required: !optional.includes(schema.type), morphs: true, schema };
      });
    }
  } catch {
    // arktype throws when it is asked for the properties of a union or of a morph
  }
  return undefined;
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
