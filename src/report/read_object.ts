import type { SchemaIssue } from "../api/schema.ts";
import { type Context, copyObject, seal } from "../values/context.ts";
import type { ValidationError } from "./errors.ts";
import { refusalError, refusedByReading } from "./refusal.ts";

/** Copies and freezes a user's object, or makes the error of the boundary that refuses it. */
export function readObject<E extends ValidationError>(
  value: unknown,
  deep: boolean,
  type: new (message: string, issues: readonly SchemaIssue[], options?: ErrorOptions) => E,
  problem: string,
): Context | E {
  try {
    return seal(copyObject(value), deep);
  } catch (thrown) {
    return refusalError(type, problem, refusedByReading(thrown));
  }
}
