import type { SchemaIssue } from "../api/schema.ts";
import { isError } from "../values/is_error.ts";
import { message, withSafe } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { asksForArgs, brand, type ErrorJSON, errorJSON, type JSONOptions } from "./error_json.ts";
import { errorWith } from "./error_with.ts";

/** The `code` of every error of the library. */
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
 * The base of every error that the library makes. Errors of the application pass through as they are.
 *
 * @example Tell the library's errors from the application's
 * ```ts
 * import { RunsheetError, step } from "@runsheet/runsheet";
 * import { assert } from "@std/assert";
 *
 * const slow = step({ name: "slow", timeout: 5, run: () => new Promise<void>(() => {}) });
 * const result = await slow.run({});
 * assert(!result.success && result.error instanceof RunsheetError && result.error.code === "TIMEOUT");
 * ```
 */
export abstract class RunsheetError extends Error {
  /** What kind of error it is; stable across versions. */
  abstract readonly code: ErrorCode;
  /**
   * What `JSON.stringify` prints: name, code, message and what caused it, without the values that a schema has refused.
   *
   * @param options How to print it; `JSON.stringify` gives a key here.
   * @returns Plain data.
   */
  toJSON(options?: JSONOptions | string): ErrorJSON {
    return errorJSON(this, asksForArgs(options));
  }
}

Object.defineProperty(RunsheetError.prototype, brand, { value: true });

/**
 * What the errors of the three validated boundaries share: the `issues` that the schema found.
 *
 * @example Show them
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
  /** What the schema found, each with its path. */
  readonly issues: readonly SchemaIssue[];
  /** Makes the error with what the schema found. */
  constructor(
    message: string,
    issues: readonly SchemaIssue[],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.issues = issues;
    // Those of arktype and valibot hold the values that they refuse, and a console would print them.
    Object.defineProperty(this, "issues", { enumerable: false });
  }
}

/** The args of a pipeline are not what its `argsSchema` asks for, or are no object. */
export class ArgsValidationError extends ValidationError {
  /** The error's name. */
  override readonly name = "ArgsValidationError";
  /** The error's code. */
  override readonly code = "ARGS_VALIDATION";
}

/** The context before a step is not what its `requires` asks for. The step has not run. */
export class RequiresValidationError extends ValidationError {
  /** The error's name. */
  override readonly name = "RequiresValidationError";
  /** The error's code. */
  override readonly code = "REQUIRES_VALIDATION";
}

/** What a step returned is not what its `provides` says, or a pipeline's data is not what its `output` says. */
export class ProvidesValidationError extends ValidationError {
  /** The error's name. */
  override readonly name = "ProvidesValidationError";
  /** The error's code. */
  override readonly code = "PROVIDES_VALIDATION";
}

/** A predicate, such as `retryIf`, threw; `cause` is what it threw. */
export class PredicateError extends RunsheetError {
  /** The error's name. */
  override readonly name = "PredicateError";
  /** The error's code. */
  override readonly code = "PREDICATE";
}

/** A step, a rollback handler or a whole run did not settle within its `timeout`. */
export class TimeoutError extends RunsheetError {
  /** The error's name. */
  override readonly name = "TimeoutError";
  /** The error's code. */
  override readonly code = "TIMEOUT";
  /** The limit, in milliseconds. */
  readonly timeoutMs: number;
  /** What attempts had failed with by then, if it ended a whole run. */
  declare readonly errors?: readonly Error[];
  /** Makes the error with the limit, in milliseconds. */
  constructor(message: string, timeoutMs: number) {
    super(message);
    this.timeoutMs = timeoutMs;
  }
}

/** The signal given to `run` aborted; `cause` is the signal's reason. */
export class AbortedError extends RunsheetError {
  /** The error's name. */
  override readonly name = "AbortedError";
  /** The error's code. */
  override readonly code = "ABORTED";
  /** What attempts had failed with by then. */
  declare readonly errors?: readonly Error[];
}

/**
 * Every retry was used up; `cause` is the last error.
 *
 * @example What each attempt failed with
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
  /** How many attempts were made, the first included. */
  readonly attempts: number;
  /** The error of every attempt, in order; the last 1,000 of more. */
  readonly errors: readonly Error[];
  /** The error of the last attempt. */
  readonly lastError: Error;
  /** Makes the error with those of the attempts, in order, at least one, and the number of the attempts. */
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
  /** The key that is provided twice. */
  readonly key: string;
  /** The paths of the two steps. */
  readonly steps: readonly [string, string];
  /** Makes the error with the key that is provided twice, and by which steps. */
  constructor(message: string, key: string, steps: readonly [string, string]) {
    super(message);
    this.key = key;
    this.steps = steps;
  }
}

/** No branch of a choice matched, and it has no default. */
export class ChoiceNoMatchError extends RunsheetError {
  /** The error's name. */
  override readonly name = "ChoiceNoMatchError";
  /** The error's code. */
  override readonly code = "CHOICE_NO_MATCH";
}

/**
 * Part-effects could not be undone where the run would otherwise have gone on: before a retry, or after a middleware
 * recovered from a failure. `cause` is the failure that made the undo necessary.
 */
export class RollbackError extends RunsheetError {
  /** The error's name. */
  override readonly name = "RollbackError";
  /** The error's code. */
  override readonly code = "ROLLBACK";
  /** What the rollback handlers failed with, in the order they ran. */
  readonly causes: readonly Error[];
  /** Makes the error with what the rollback handlers failed with. */
  constructor(
    message: string,
    causes: readonly Error[],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.causes = causes;
  }
}

/** A definition, an option, a middleware or a host is not what it must be. */
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
  /** What was thrown. */
  readonly originalValue: unknown;
  /** Makes the error with what was thrown. */
  constructor(originalValue: unknown) {
    const { full, safe } =
      message`Cannot use what was thrown as it must be an Error: current value is ${
        shown(originalValue)
      }`;
    super(full);
    this.originalValue = originalValue;
    withSafe(this, { message: safe });
  }
}

/** Every error of the library by its code. */
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
 * Whether a value is an error of the library, of the given code if there is one. It also knows the errors of another
 * copy of the package, where `instanceof` would fail.
 *
 * @param error Any value.
 * @param code The only code to accept.
 * @returns `true`, and the error's class by its code.
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
// Not ErrorCode: the compiler shows an alias by its name, and here it must list the codes.
export function isRunsheetError<Code extends ErrorByCode[ErrorCode]["code"] = ErrorCode>(
  error: unknown,
  code?: Code,
): error is ErrorByCode[Code] {
  try {
    return typeof error === "object" && error !== null && brand in error &&
      (code === undefined || "code" in error && error.code === code);
  } catch {
    return false; // a Proxy may throw
  }
}

/** The value itself when it is an error, of any realm; an {@linkcode UnknownError} around it when it is not. */
export function toError(value: unknown): Error {
  try {
    if (isError(value)) return value;
  } catch {
    // a Proxy may throw
  }
  return new UnknownError(value);
}

/** What a run fails with when its signal aborts. */
export function abortedError(what: string, reason: unknown): AbortedError {
  const text = message`Cannot finish '${what}' as its signal must not abort: its reason is ${
    shown(reason)
  }`;
  return errorWith(AbortedError, text, { cause: reason });
}

/** Keeps with an error that ends a run what attempts had failed with by then, the latest at most. */
export function addErrors(error: Error, errors: readonly Error[]): void {
  if (errors.length === 0 || !(error instanceof TimeoutError || error instanceof AbortedError)) {
    return;
  }
  const all = [...error.errors ?? [], ...errors].slice(-MOST_ERRORS);
  Object.defineProperty(error, "errors", { value: all, configurable: true, enumerable: true });
}

const MOST_ERRORS = 100;
