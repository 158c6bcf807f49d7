import type { SchemaIssue } from "../api/schema.ts";
import { holdsValue } from "../values/holds_value.ts";

/** A schema's issue as JSON, without the rejected value. */
export interface IssueJSON {
  /** The description of the problem. */
  readonly message: string;
  /** The location within the value, from the outside in. */
  readonly path: readonly (string | number)[];
}

/** The path of an issue, from the outside in. */
export function pathOf({ path = [] }: SchemaIssue): readonly (string | number)[] {
  return Array.from(path, (part) => {
    const key = typeof part === "object" ? part?.key : part;
    return typeof key === "number" ? key : String(key);
  });
}

/**
 * Removes rejected values from an issue. Messages of arktype and valibot end in the value, so they
 * are composed again from the details that these libraries attach. Any other message, such as the
 * application's own, is kept unless it contains a rejected value.
 */
export function safeIssue(issue: SchemaIssue, input: unknown): IssueJSON {
  const path = pathOf(issue);
  return { message: safeMessage(issue, input, path), path };
}

const HIDDEN = "…";

function safeMessage(
  issue: SchemaIssue,
  input: unknown,
  path: readonly (string | number)[],
): string {
  try {
    if (isArkError(issue) && issue.input.message === undefined) return withoutData(issue).message;
    const { message, received } = issue as SchemaIssue & { readonly received?: unknown };
    const value = valueAt(input, path);
    if (typeof received === "string" && message.endsWith(`eceived ${received}`)) {
      return message.slice(0, -received.length) + hideValue(received, value);
    }
    if (!holdsValue(message, value)) return message;
  } catch {
    // A Proxy, a getter or the application's own message function may throw.
  }
  return "is not what it must be";
}

/** The part of arktype's errors needed to compose their messages again. */
interface ArkError extends SchemaIssue {
  readonly data: unknown;
  readonly actual: string;
  readonly input: { readonly message?: unknown };
  readonly transform: (change: (parts: ArkParts) => object) => ArkError;
}

interface ArkParts {
  readonly problem?: string;
  readonly errors?: readonly ArkError[];
}

function isArkError(issue: SchemaIssue): issue is ArkError {
  const { transform, input } = issue as Partial<ArkError>;
  return typeof transform === "function" && typeof input === "object";
}

function withoutData(error: ArkError): ArkError {
  // A fixed problem text, such as that of a JSON string, may quote the data.
  return error.transform(({ problem: _, errors, ...parts }) => ({
    ...parts,
    ...(errors && { errors: errors.map(withoutData) }),
    data: undefined,
    actual: hideValue(error.actual, error.data),
  }));
}

/**
 * Keeps the kind of a value, such as `a string`, `missing` or `Array`, but hides the value itself.
 * Values are quoted or start with a digit, kinds are not.
 */
function hideValue(actual: string, value: unknown): string {
  const isKind = /^[a-z_$][\w$ ]*$|^$/i.test(actual) && !["true", "false", value].includes(actual);
  return isKind ? actual : HIDDEN;
}

/** The value at a path, or the innermost value that exists along it. */
function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  let value = input;
  for (const key of path) {
    const next = (value as Record<string, unknown> | null | undefined)?.[key];
    if (next === undefined) break;
    value = next;
  }
  return value;
}
