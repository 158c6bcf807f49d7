/**
 * The part of the Standard Schema v1 interface that runsheet uses. arktype, zod (3.24 and later),
 * valibot and others implement it, so runsheet depends on none of them.
 *
 * @example A schema of your own
 * ```ts
 * import { type Schema, step } from "@runsheet/runsheet";
 *
 * const hasId: Schema<{ id: string }> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "mine",
 *     validate: (value) =>
 *       typeof (value as { id?: unknown }).id === "string"
 *         ? { value: value as { id: string } }
 *         : { issues: [{ message: "id must be a string", path: ["id"] }] },
 *   },
 * };
 * step({ name: "load", requires: hasId, run: (ctx) => ({ loaded: ctx.id }) });
 * ```
 */
export interface Schema<In = unknown, Out = In> {
  /** The properties that the standard defines. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** The name of the validation library. */
    readonly vendor: string;
    /** Validates a value and returns the parsed value or the issues found. May be asynchronous. */
    readonly validate: (
      value: unknown,
    ) => SchemaResult<Out> | Promise<SchemaResult<Out>>;
    /** Carries the static types; absent at run time. */
    readonly types?: { readonly input: In; readonly output: Out } | undefined;
  };
}

/** The result of validating a value with a {@linkcode Schema}. */
export type SchemaResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One problem with a value. */
export interface SchemaIssue {
  /** The description of the problem. */
  readonly message: string;
  /** The location within the value, from the outside in. */
  readonly path?:
    | readonly (PropertyKey | { readonly key: PropertyKey })[]
    | undefined;
}

/** The type that a schema accepts. */
export type SchemaIn<S extends Schema> = NonNullable<
  S["~standard"]["types"]
>["input"];

/** The type that a schema returns after parsing, morphing and filling in defaults. */
export type SchemaOut<S extends Schema> = NonNullable<
  S["~standard"]["types"]
>["output"];
