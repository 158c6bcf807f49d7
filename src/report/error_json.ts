import type { SchemaIssue } from "../api/schema.ts";
import { show } from "../values/show.ts";
import { showIssues } from "./issues.ts";

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

/** What a schema found, as JSON: without the value that it refused. */
export interface IssueJSON {
  /** What is wrong. */
  readonly message: string;
  /** Where. */
  readonly path: readonly (string | number)[];
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

/** Whether a value is an error, of any realm. */
export function isError(value: unknown): value is Error {
  // Errors of another realm (an iframe, `node:vm`) fail `instanceof`, but structured clone's tag tells them.
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

const DEEPEST = 8;

/** An error as JSON. Reads only what it names: a client's error may carry a whole request, with its credentials. */
export function errorJSON(
  error: unknown,
  args: boolean,
  seen: Set<unknown> = new Set(),
  depth = 0,
): ErrorJSON {
  const ours = safely(() => brand in (error as object)) ?? false;
  const found = ours ? list(read(error, "issues")) : [];
  const issues = found.map((issue) => issueJSON(issue, args));
  const code = read(error, "code");
  const json = {
    name: textOf(read(error, "name")),
    ...((typeof code === "string" || typeof code === "number") && { code }),
    message: retell(textOf(read(error, "message")), found, issues),
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
  const parts = ours || safely(() => error instanceof AggregateError)
    ? [...list(read(error, "errors")), ...list(read(error, "causes"))]
    : [];
  const cause = read(error, "cause");
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

function detailsOf(error: unknown): Partial<ErrorJSON> {
  const timeoutMs = read(error, "timeoutMs");
  const attempts = read(error, "attempts");
  return {
    ...(typeof timeoutMs === "number" && { timeoutMs }),
    ...(typeof attempts === "number" && { attempts }),
  };
}

/** `a string`, `missing`: the kind of a value, and not the value. */
const isKind = /^[a-z ]*$/i;

// Standard Schema knows no values, but arktype's messages end in what the value "was", valibot's in what was "received".
function issueJSON(issue: unknown, args: boolean): IssueJSON {
  let message = textOf(read(issue, "message"));
  const path = list(read(issue, "path")).map((part) => {
    const key = read(part, "key") ?? part;
    return typeof key === "number" ? key : textOf(key);
  });
  if (args) return { message, path };
  for (const shown of [read(issue, "actual"), read(issue, "received")]) {
    if (typeof shown !== "string" || isKind.test(shown)) continue;
    message = message.replaceAll(`was ${shown}`, "was …").replaceAll(
      `eceived ${shown}`,
      "eceived …",
    );
  }
  const value = read(issue, "data") ?? read(issue, "input");
  if (typeof value === "string") {
    message = message.replaceAll(JSON.stringify(value), "…").replaceAll(`"${value}"`, "…");
  }
  return { message, path };
}

/** The message of an error with its issues as they are told. */
function retell(message: string, found: readonly unknown[], issues: readonly IssueJSON[]): string {
  const summary = safely(() => showIssues(found as readonly SchemaIssue[]));
  return summary ? message.replace(summary, () => showIssues(issues)) : message;
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
