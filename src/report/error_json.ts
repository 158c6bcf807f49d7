import type { SchemaIssue } from "../api/schema.ts";
import { isError } from "../values/is_error.ts";
import { safeOf } from "../values/message.ts";
import { show } from "../values/show.ts";
import { type IssueJSON, pathOf, safeIssue } from "./safe_issue.ts";

/** Options of `toJSON`. */
export interface JSONOptions {
  /**
   * Whether to include `meta.args`, `data` and the values that a schema rejected.
   *
   * @default {false}
   */
  readonly args?: boolean | undefined;
}

/** Whether args are to be included. `JSON.stringify` passes a key instead of options. */
export function asksForArgs(options: JSONOptions | string | undefined): boolean {
  return typeof options === "object" && options?.args === true;
}

/** An error as JSON: the fields that identify it, without any that may hold args. */
export interface ErrorJSON {
  /** The error's name. */
  readonly name: string;
  /**
   * The error's code: one of the library's, or one of the application or the platform, such as
   * `"ECONNRESET"`.
   */
  readonly code?: string | number;
  /** The error's message. */
  readonly message: string;
  /** The limit of a `TimeoutError`, in milliseconds. */
  readonly timeoutMs?: number;
  /** The number of attempts behind a `RetryExhaustedError`. */
  readonly attempts?: number;
  /** The issues of a `ValidationError`, without the rejected values. */
  readonly issues?: readonly IssueJSON[];
  /** The errors inside an `AggregateError`, a `RetryExhaustedError` or a `RollbackError`. */
  readonly errors?: readonly ErrorJSON[];
  /** The cause; a short description if it is not an error. */
  readonly cause?: ErrorJSON | string;
}

/**
 * A registered symbol, which identifies errors of another copy of the package too, unlike
 * `instanceof`.
 */
export const brand: unique symbol = Symbol.for("runsheet.error");

const DEEPEST = 8;

/**
 * Converts an error to JSON. It reads known fields only, as a client's error may carry a whole
 * request with its credentials.
 */
export function errorJSON(
  error: unknown,
  args: boolean,
  seen: Set<unknown> = new Set(),
  depth = 0,
): ErrorJSON {
  const ours = safely(() => brand in (error as object)) ?? false;
  const safe = args ? undefined : safeOf(error);
  const issues = safe?.issues ?? (ours ? list(read(error, "issues")) : [])
    .flatMap((issue) => safely(() => issueJSON(issue as SchemaIssue, args)) ?? []);
  // The numbers of a DOMException are a relic; its name says the same. Temporal's workflows have no
  // such class.
  const code = safely(() => error instanceof DOMException) ? undefined : read(error, "code");
  const json = {
    name: textOf(read(error, "name")),
    ...((typeof code === "string" || typeof code === "number") && { code }),
    message: safe?.message ?? textOf(read(error, "message")),
  };
  // Each error is printed in full only once, as errors may refer to each other in cycles.
  if (seen.has(error) || depth === DEEPEST) return json;
  seen.add(error);
  const inner = (value: unknown) =>
    safely(() => isError(value))
      ? errorJSON(value, args, seen, depth + 1)
      : typeof value === "string"
      ? value
      : show(value);
  const parts = ours || safely(() => isAggregate(error))
    ? [...list(read(error, "errors")), ...list(read(error, "causes"))]
    : [];
  const cause = safe?.cause ?? read(error, "cause");
  return {
    ...json,
    ...(ours && detailsOf(error)),
    ...(issues.length > 0 && { issues }),
    ...(parts.length > 0 && {
      errors: parts.map((part) => {
        const told = inner(part);
        return typeof told === "string" ? { name: "UnknownError", message: told } : told;
      }),
    }),
    // The cause of a RetryExhaustedError is already among its errors.
    ...(cause !== undefined && !parts.includes(cause) && { cause: inner(cause) }),
  };
}

/** Whether an error is an `AggregateError` of any realm. */
function isAggregate(error: unknown): boolean {
  let kind: unknown = error;
  while (typeof kind === "object" && kind !== null) {
    if (Object.hasOwn(kind, "constructor") && kind.constructor.name === "AggregateError") {
      return true;
    }
    kind = Object.getPrototypeOf(kind);
  }
  return false;
}

function detailsOf(error: unknown): Partial<ErrorJSON> {
  const timeoutMs = read(error, "timeoutMs");
  const attempts = read(error, "attempts");
  return {
    ...(typeof timeoutMs === "number" && { timeoutMs }),
    ...(typeof attempts === "number" && { attempts }),
  };
}

function issueJSON(issue: SchemaIssue, args: boolean): IssueJSON {
  if (!args) return safeIssue(issue, undefined);
  return { message: textOf(read(issue, "message")), path: pathOf(issue) };
}

function textOf(value: unknown): string {
  return typeof value === "string"
    ? value
    : typeof value === "symbol"
    ? String(value)
    : show(value);
}

function read(value: unknown, key: string): unknown {
  return safely(() => (value as Record<string, unknown> | undefined)?.[key]);
}

function list(value: unknown): readonly unknown[] {
  return safely(() => Array.isArray(value) ? [...value] : []) ?? [];
}

/** Proxies and getters may throw. */
function safely<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
