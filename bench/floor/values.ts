// The floor's copies and checks of objects.
import type { Schema } from "@runsheet/runsheet";

export type Context = Readonly<Record<string, unknown>>;

export const EMPTY: Context = Object.freeze({});

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") && value !== null &&
    typeof (value as PromiseLike<unknown>).then === "function";
}

export function copyOf(value: unknown): Record<string, unknown> {
  checkPlain(value);
  const copy = { ...value };
  if (Object.hasOwn(copy, "__proto__")) throw new TypeError("must not have the key '__proto__'");
  return copy;
}

function checkPlain(value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null || Symbol.iterator in value) {
    throw new TypeError("must be an object of keys");
  }
  const kind = Object.getPrototypeOf(value);
  if (kind !== Object.prototype && kind !== null) throw new TypeError("must be plain data");
}

/** Makes the function that reads an output: it makes a checked copy. */
export function readerOf(schema: Schema | undefined): (value: unknown) => Context {
  if (!schema) return copyOfOutput;
  const allows = allowedBy(schema);
  if (!allows) {
    return (value) => {
      checkPlain(value);
      refuseResult(value);
      return madeBy(schema, value);
    };
  }
  return (value) => {
    const copy = copyOfOutput(value);
    if (!allows(copy)) throw refused();
    return copy;
  };
}

function copyOfOutput(value: unknown): Context {
  const copy = copyOf(value);
  refuseResult(copy);
  return copy;
}

/** A step must return the data of a run that it starts, and not its result. */
function refuseResult(value: { success?: unknown; meta?: { stepsExecuted?: unknown } }): void {
  if (typeof value.success === "boolean" && Array.isArray(value.meta?.stepsExecuted)) {
    throw new TypeError("must not be a result");
  }
}

/** Makes the function that checks args; steps see only what the schema returns. */
export function argsReaderOf(schema: Schema): (args: Context) => Context {
  const allows = allowedBy(schema);
  return (args) => {
    if (!allows) return Object.freeze(madeBy(schema, args));
    if (!allows(args)) throw refused();
    return args;
  };
}

/** Makes the function that checks a context; what the schema changes is merged over it. */
export function checkerOf(schema: Schema): (ctx: Context) => Context {
  const allows = allowedBy(schema);
  return (ctx) => {
    if (allows) {
      if (!allows(ctx)) throw refused();
      return ctx;
    }
    const made = madeBy(schema, ctx);
    for (const key of Object.keys(made)) {
      if (made[key] !== ctx[key]) return Object.freeze({ ...ctx, ...made });
    }
    return ctx;
  };
}

/** An arktype schema tells whether it allows an object. */
function allowedBy(schema: Schema): ((value: unknown) => boolean) | undefined {
  return (schema as { allows?: (value: unknown) => boolean }).allows;
}

/** A zod schema makes a new object. */
function madeBy(schema: Schema, value: object): Context {
  const result = schema["~standard"].validate(value);
  if ("then" in result || result.issues) throw refused();
  return result.value as Context;
}

function refused(): Error {
  return new TypeError("must be what its schema says");
}
