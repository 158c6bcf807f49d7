import type { SchemaIssue } from "../api/schema.ts";
import { isError } from "../values/is_error.ts";
import { safeOf } from "../values/message.ts";
import { show } from "../values/show.ts";
import { type IssueJSON, pathOf, safeIssue } from "./safe_issue.ts";

/** How `toJSON` prints. */
export interface JSONOptions {
  /**
   * Whether `meta.args`, `data` and the values that a schema has refused are printed.
   *
   * @default {false}
   */
  readonly args?: boolean | undefined;
}

/** Whether args are to be printed; `JSON.stringify` calls `toJSON` with a key. */
export function asksForArgs(options: JSONOptions | string | undefined): boolean {
  return typeof options === "object" && options?.args === true;
}

/** An error as JSON: what tells it, and nothing that may hold args. */
export interface ErrorJSON {
  /** Its name. */
  readonly name: string;
  /** Its code: the library's, or one of the application's or the platform's, such as `"ECONNRESET"`. */
  readonly code?: string | number;
  /** Its message. */
  readonly message: string;
  /** The limit of a `TimeoutError`, in milliseconds. */
  readonly timeoutMs?: number;
  /** How many attempts a `RetryExhaustedError` is about. */
  readonly attempts?: number;
  /** What the schema of a `ValidationError` found, without the values. */
  readonly issues?: readonly IssueJSON[];
  /** What an `AggregateError`, a `RetryExhaustedError` or a `RollbackError` is made of. */
  readonly errors?: readonly ErrorJSON[];
  /** What it was caused by; a few words where that is no error. */
  readonly cause?: ErrorJSON | string;
}

/** Registered, so that the errors of another copy of the package are known, where `instanceof` fails. */
export const brand: unique symbol = Symbol.for("runsheet.error");

const DEEPEST = 8;

/** An error as JSON. Reads only what it names: a client's error may carry a whole request, with its credentials. */
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
  const code = read(error, "code");
  const json = {
    name: textOf(read(error, "name")),
    ...((typeof code === "string" || typeof code === "number") && { code }),
    message: safe?.message ?? textOf(read(error, "message")),
  };
  // Each is told once: errors may hold one another, in circles too.
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
    // That of a RetryExhaustedError is the last of its errors.
    ...(cause !== undefined && !parts.includes(cause) && { cause: inner(cause) }),
  };
}

/** Whether an error is made of others, in any realm. */
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

/** Errors may be Proxies, and their fields getters, that throw. */
function safely<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
