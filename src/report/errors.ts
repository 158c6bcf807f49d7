import type { SchemaIssue } from "../api/schema.ts";
import { isError } from "../values/is_error.ts";
import { message, withSafe } from "../values/message.ts";
import { shown, withValue } from "../values/show.ts";
import { asksForArgs, brand, type ErrorJSON, errorJSON, type JSONOptions } from "./error_json.ts";

/** The `code` of each of the library's errors. */
export type ErrorCode =
  | "ARGS_VALIDATION"
  | "REQUIRES_VALIDATION"
  | "PROVIDES_VALIDATION"
  | "PREDICATE"
  | "TIMEOUT"
  | "ABORTED"
  | "RETRY_EXHAUSTED"
  | "STRICT_OVERLAP"
  | "CHOICE_NO_MATCH"
  | "ROLLBACK"
  | "CONFIG"
  | "UNKNOWN";

/**
 * The base class of the library's errors. Errors of the application pass through unchanged.
 *
 * @example Distinguish the library's errors from the application's
 * ```ts
 * import { RunsheetError, step } from "@runsheet/runsheet";
 * import { assert } from "@std/assert";
 *
 * const slow = step({ name: "slow", timeout: 5, run: () => new Promise<void>(() => {}) });
 * const result = await slow.run({});
 * assert(!result.success && result.error instanceof RunsheetError);
 * assert(result.error.code === "TIMEOUT");
 * ```
 */
export abstract class RunsheetError extends Error {
  /** The kind of error; stable across versions. */
  abstract readonly code: ErrorCode;
  /**
   * Converts the error to the data that `JSON.stringify` prints: name, code, message and cause,
   * without the values that a schema rejected.
   *
   * @param options The options; `JSON.stringify` passes a key instead.
   * @returns Plain data.
   */
  toJSON(options?: JSONOptions | string): ErrorJSON {
    return errorJSON(this, asksForArgs(options));
  }
}

Object.defineProperty(RunsheetError.prototype, brand, { value: true });

/**
 * The base class of validation errors, with the schema's `issues`.
 *
 * @example Print the issues
 * ```ts
 * import { pipeline, ValidationError } from "@runsheet/runsheet";
 * import { assert, assertEquals } from "@std/assert";
 * import { type } from "arktype";
 *
 * const order = pipeline({ name: "order", argsSchema: type({ n: "number > 0" }), steps: [] });
 * const result = await order.run({ n: 0 });
 * assert(!result.success && result.error instanceof ValidationError);
 * assertEquals(result.error.toJSON().issues, [
 *   { message: "n must be positive (was …)", path: ["n"] },
 * ]);
 * ```
 */
export abstract class ValidationError extends RunsheetError {
  /** The issues that the schema found, each with its path. */
  readonly issues: readonly SchemaIssue[];
  /** Makes the error with the schema's issues. */
  constructor(
    message: string,
    issues: readonly SchemaIssue[],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.issues = issues;
    // Not enumerable: issues of arktype and valibot hold the rejected values, and a console would
    // print them.
    Object.defineProperty(this, "issues", { enumerable: false });
  }
}

/** The args of a pipeline do not match its `argsSchema`, or are not an object. */
export class ArgsValidationError extends ValidationError {
  /** The error's name. */
  override readonly name = "ArgsValidationError";
  /** The error's code. */
  override readonly code = "ARGS_VALIDATION";
}

/** The context does not match the `requires` of a step. The step has not run. */
export class RequiresValidationError extends ValidationError {
  /** The error's name. */
  override readonly name = "RequiresValidationError";
  /** The error's code. */
  override readonly code = "REQUIRES_VALIDATION";
}

/** The output of a step does not match its `provides`, or the data of a pipeline its `output`. */
export class ProvidesValidationError extends ValidationError {
  /** The error's name. */
  override readonly name = "ProvidesValidationError";
  /** The error's code. */
  override readonly code = "PROVIDES_VALIDATION";
}

/** A predicate, such as `retryIf`, threw; `cause` is the thrown error. */
export class PredicateError extends RunsheetError {
  /** The error's name. */
  override readonly name = "PredicateError";
  /** The error's code. */
  override readonly code = "PREDICATE";
}

/**
 * A step, an undo or a pipeline did not settle within its `timeout`, or a run did not settle before
 * the caller's signal timed out. In the latter case, `cause` is the signal's reason.
 */
export class TimeoutError extends RunsheetError {
  /** The error's name. */
  override readonly name = "TimeoutError";
  /** The error's code. */
  override readonly code = "TIMEOUT";
  /** The limit, in milliseconds; `undefined` if it was that of the caller's signal. */
  readonly timeoutMs: number | undefined;
  /** If it ended a run or a pipeline: the errors of attempts that had failed by then. */
  declare readonly errors?: readonly Error[];
  /** Makes the error with the limit, in milliseconds. */
  constructor(message: string, timeoutMs: number | undefined, options?: ErrorOptions) {
    super(message, options);
    this.timeoutMs = timeoutMs;
  }
}

/** The signal passed to `run()` aborted; `cause` is the signal's reason. */
export class AbortedError extends RunsheetError {
  /** The error's name. */
  override readonly name = "AbortedError";
  /** The error's code. */
  override readonly code = "ABORTED";
  /** The errors of attempts that had failed by then. */
  declare readonly errors?: readonly Error[];
}

/**
 * All retries failed; `cause` is the last error.
 *
 * @example Read the error of each attempt
 * ```ts
 * import { isRunsheetError, step } from "@runsheet/runsheet";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const busy = step({
 *   name: "busy",
 *   retry: { count: 1 },
 *   run: (_ctx, { attempt }) => Promise.reject(new Error(`busy, ${attempt}`)),
 * });
 * const result = await busy.run({});
 * assert(!result.success && isRunsheetError(result.error, "RETRY_EXHAUSTED"));
 * assertEquals(result.error.errors.map(({ message }) => message), ["busy, 1", "busy, 2"]);
 * ```
 */
export class RetryExhaustedError extends RunsheetError {
  /** The error's name. */
  override readonly name = "RetryExhaustedError";
  /** The error's code. */
  override readonly code = "RETRY_EXHAUSTED";
  /** The number of attempts, including the first. */
  readonly attempts: number;
  /** The errors of the attempts, in order; at most the last 1,000. */
  readonly errors: readonly Error[];
  /** The error of the last attempt. */
  readonly lastError: Error;
  /** Makes the error with the errors of the attempts, at least one, and the number of attempts. */
  constructor(message: string, errors: readonly Error[], attempts: number = errors.length) {
    const lastError = errors.at(-1)!;
    super(message, { cause: lastError });
    this.attempts = attempts;
    this.errors = errors;
    this.lastError = lastError;
  }
}

/** Two steps of a strict pipeline provide the same key. Thrown when the pipeline is built. */
export class StrictOverlapError extends RunsheetError {
  /** The error's name. */
  override readonly name = "StrictOverlapError";
  /** The error's code. */
  override readonly code = "STRICT_OVERLAP";
  /** The key that both steps provide. */
  readonly key: string;
  /** The paths of the two steps. */
  readonly steps: readonly [string, string];
  /** Makes the error with the key and the two steps that provide it. */
  constructor(message: string, key: string, steps: readonly [string, string]) {
    super(message);
    this.key = key;
    this.steps = steps;
  }
}

/** No branch of a choice matched, and the choice has no default. */
export class ChoiceNoMatchError extends RunsheetError {
  /** The error's name. */
  override readonly name = "ChoiceNoMatchError";
  /** The error's code. */
  override readonly code = "CHOICE_NO_MATCH";
}

/**
 * Effects could not be undone where the run would otherwise have continued: before a retry, in a
 * fallback, after a middleware recovered from a failure, or without a collected item. `cause` is
 * the failure that made the undo necessary.
 */
export class RollbackError extends RunsheetError {
  /** The error's name. */
  override readonly name = "RollbackError";
  /** The error's code. */
  override readonly code = "ROLLBACK";
  /** The errors of the failed undos, in the order they ran. */
  readonly causes: readonly Error[];
  /** Makes the error with the errors of the failed undos. */
  constructor(
    message: string,
    causes: readonly Error[],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.causes = causes;
  }
}

/** A definition, an option, a middleware or a host is invalid. */
export class ConfigError extends RunsheetError {
  /** The error's name. */
  override readonly name = "ConfigError";
  /** The error's code. */
  override readonly code = "CONFIG";
}

/** Something that is not an `Error` was thrown. */
export class UnknownError extends RunsheetError {
  /** The error's name. */
  override readonly name = "UnknownError";
  /** The error's code. */
  override readonly code = "UNKNOWN";
  /** The thrown value. */
  readonly originalValue: unknown;
  /** Makes the error with the thrown value. */
  constructor(originalValue: unknown) {
    const problem = "Cannot use what was thrown as it must be an Error";
    const { full, safe } = withValue(problem, originalValue);
    super(full);
    this.originalValue = originalValue;
    withSafe(this, { message: safe });
  }
}

/** The library's error classes by code. */
export interface ErrorByCode {
  /** See {@linkcode ArgsValidationError}. */
  ARGS_VALIDATION: ArgsValidationError;
  /** See {@linkcode RequiresValidationError}. */
  REQUIRES_VALIDATION: RequiresValidationError;
  /** See {@linkcode ProvidesValidationError}. */
  PROVIDES_VALIDATION: ProvidesValidationError;
  /** See {@linkcode PredicateError}. */
  PREDICATE: PredicateError;
  /** See {@linkcode TimeoutError}. */
  TIMEOUT: TimeoutError;
  /** See {@linkcode AbortedError}. */
  ABORTED: AbortedError;
  /** See {@linkcode RetryExhaustedError}. */
  RETRY_EXHAUSTED: RetryExhaustedError;
  /** See {@linkcode StrictOverlapError}. */
  STRICT_OVERLAP: StrictOverlapError;
  /** See {@linkcode ChoiceNoMatchError}. */
  CHOICE_NO_MATCH: ChoiceNoMatchError;
  /** See {@linkcode RollbackError}. */
  ROLLBACK: RollbackError;
  /** See {@linkcode ConfigError}. */
  CONFIG: ConfigError;
  /** See {@linkcode UnknownError}. */
  UNKNOWN: UnknownError;
}

/**
 * Whether a value is one of the library's errors, with the given code if any. It also recognizes
 * errors of another copy of the package, for which `instanceof` would fail.
 *
 * @param error Any value.
 * @param code The code to require; any code if omitted.
 * @returns `true`, narrowing the error to the class of its code.
 *
 * @example Usage
 * ```ts
 * import { isRunsheetError, step } from "@runsheet/runsheet";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const slow = step({ name: "slow", timeout: 5, run: () => new Promise<void>(() => {}) });
 * const result = await slow.run({});
 * assert(!result.success && isRunsheetError(result.error, "TIMEOUT"));
 * assertEquals(result.error.timeoutMs, 5);
 * ```
 */
// Not ErrorCode: compiler messages must list the codes instead of an alias.
export function isRunsheetError<Code extends ErrorByCode[ErrorCode]["code"] = ErrorCode>(
  error: unknown,
  code?: Code,
): error is ErrorByCode[Code] {
  try {
    return typeof error === "object" && error !== null && brand in error &&
      (code === undefined || "code" in error && error.code === code);
  } catch {
    return false; // A Proxy may throw.
  }
}

/**
 * Returns an error of any realm as it is, and wraps any other value in an {@linkcode UnknownError}.
 */
export function toError(value: unknown): Error {
  try {
    if (isError(value)) return value;
  } catch {
    // A Proxy may throw.
  }
  return new UnknownError(value);
}

/** Makes the error of something that did not settle within its timeout. */
export function timeoutError(what: string, ms: number): TimeoutError {
  const text = `Cannot finish ${what} as it must settle within ${ms} ms: it is still pending`;
  return new TimeoutError(text, ms);
}

/** Makes the error of a run whose signal aborted. */
export function abortedError(what: string, reason: unknown): AbortedError {
  const cause = shown(reason);
  const { full, safe } =
    message`Cannot finish '${what}' as its signal must not abort: its reason is ${cause}`;
  return withSafe(new AbortedError(full, { cause: reason }), {
    message: safe,
    ...(toError(reason) !== reason && { cause: cause.safe }),
  });
}

/** Makes the error of a run whose caller's signal aborted: one that timed out is a timeout. */
export function signalError(what: string, reason: unknown): TimeoutError | AbortedError {
  if (!isTimeout(reason)) return abortedError(what, reason);
  const text =
    `Cannot finish '${what}' as it must settle before its signal times out: it is still pending`;
  return new TimeoutError(text, undefined, { cause: reason });
}

function isTimeout(reason: unknown): boolean {
  try {
    return isError(reason) && reason.name === "TimeoutError";
  } catch {
    return false; // A user's getter may throw.
  }
}

/** Adds the errors of failed attempts to an error that ends a run, keeping only the latest. */
export function addErrors(error: Error, errors: readonly Error[]): void {
  if (errors.length === 0 || !(error instanceof TimeoutError || error instanceof AbortedError)) {
    return;
  }
  const all = [...error.errors ?? [], ...errors].slice(-MOST_ERRORS);
  Object.defineProperty(error, "errors", { value: all, configurable: true, enumerable: true });
}

const MOST_ERRORS = 100;
