import type { Schema } from "../api/schema.ts";

/** A schema that returns its input unchanged. */
export type Checking = Schema & { readonly allows: (value: unknown) => boolean };

/** A key that a schema declares. */
export interface DeclaredKey {
  readonly key: string;
  /** Whether it is required. */
  readonly required: boolean;
  /** Whether the schema may change its value. */
  readonly morphs: boolean;
  /** The schema of its value. */
  readonly schema: Schema;
}

const declared = new WeakMap<Schema, readonly DeclaredKey[] | undefined>();

/** The keys that an object schema of arktype, zod or valibot declares; `undefined` if unknown. */
export function declaredKeys(
  schema: Schema,
): readonly DeclaredKey[] | undefined {
  if (!declared.has(schema)) declared.set(schema, readKeys(schema));
  return declared.get(schema);
}

// Standard Schema does not expose keys, and its JSON Schema companion throws on values that JSON
// cannot hold (a client, a morph), so each library's own properties are read. All are optional;
// absent means unknown.
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
      readonly type: string;
      readonly checks?: readonly unknown[];
      readonly catchall?: { readonly _zod: { readonly def: { readonly type: string } } };
    };
  };
  // valibot
  readonly entries?: Record<string, Schema & { readonly type: string }>;
  readonly rest?: unknown;
  readonly pipe?: unknown;
  readonly type?: string;
}

/**
 * Whether a schema returns its input unchanged and ignores undeclared keys: an arktype schema
 * without morphs, defaults, custom predicates, and rules for undeclared keys.
 */
export function onlyChecks(schema: Schema): schema is Checking {
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

/**
 * Whether a schema makes a new object of its declared keys and never changes its input: an object
 * schema of zod or valibot that strips the rest.
 */
export function strips(schema: Schema): boolean {
  try {
    const { _zod, type } = schema as Introspectable;
    const { vendor } = schema["~standard"];
    return vendor === "zod" && _zod?.def.type === "object" && !_zod.def.catchall ||
      vendor === "valibot" && type === "object";
  } catch {
    return false;
  }
}

/** Whether such a schema returns the plain new object that it makes, without further processing. */
export function makesItself(schema: Schema): boolean {
  const { _zod, pipe } = schema as Introspectable;
  return _zod ? !_zod.def.checks?.length : !pipe;
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
    // arktype throws when asked for the properties of a union or a morph.
  }
  return undefined;
}
