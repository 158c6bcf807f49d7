import type { SchemaIssue } from "../api/schema.ts";
import { holdsValue } from "../values/holds_value.ts";

/** What a schema found, as JSON: without the value that it refused. */
export interface IssueJSON {
  /** What is wrong. */
  readonly message: string;
  /** Where. */
  readonly path: readonly (string | number)[];
}

/** Where an issue stands, from the outside in. */
export function pathOf({ path = [] }: SchemaIssue): readonly (string | number)[] {
  return Array.from(path, (part) => {
    const key = typeof part === "object" ? part?.key : part;
    return typeof key === "number" ? key : String(key);
  });
}

/**
 * An issue without the values of what was refused. Standard Schema knows a message only; those of arktype and valibot end
 * in the value, so they are composed again, of what these libraries tell besides. Any other message, such as the
 * application's own, stands as it is, unless it tells a value.
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
    // a Proxy or a getter may throw, and so may the application's function for a message without its data
  }
  return "is not what it must be";
}

/** As far as it is needed to compose the message of one of arktype's errors again. */
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
  // A problem that is given as a text, such as that of a JSON string, may quote the data.
  return error.transform(({ problem: _, errors, ...parts }) => ({
    ...parts,
    ...(errors && { errors: errors.map(withoutData) }),
    data: undefined,
    actual: hideValue(error.actual, error.data),
  }));
}

/** `a string`, `missing`, `Array`: the kind of a value may be told. Strings are quoted, and numbers begin otherwise. */
function hideValue(actual: string, value: unknown): string {
  const isKind = /^[a-z_$][\w$ ]*$|^$/i.test(actual) && !["true", "false", value].includes(actual);
  return isKind ? actual : HIDDEN;
}

/** The value that an issue is about; where there is none, what it is missing in. */
function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  let value = input;
  for (const key of path) {
    const next = (value as Record<string, unknown> | null | undefined)?.[key];
    if (next === undefined) break;
    value = next;
  }
  return value;
}
