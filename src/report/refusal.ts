import type { SchemaIssue } from "../api/schema.ts";
import { list, type Message, message, messageOf, safeOf, withSafe } from "../values/message.ts";
import { toError, type ValidationError } from "./errors.ts";
import { type IssueJSON, pathOf, safeIssue } from "./safe_issue.ts";

/** Why a value is refused at a boundary. */
export interface Refusal {
  /** What the schema found. */
  readonly issues: readonly SchemaIssue[];
  /** The same for logs. */
  readonly safeIssues: readonly IssueJSON[];
  /** All of it in one line. */
  readonly summary: Message;
  /** What was thrown, if something was. */
  readonly cause?: Error | undefined;
  /** The same for logs, where its message is not fit for them. */
  readonly safeCause?: string | undefined;
}

/** The refusal of an input by a schema that found something. */
export function refusedBySchema(issues: readonly SchemaIssue[], input: unknown): Refusal {
  const found = issues.map((issue) => ({ issue, safe: safeIssue(issue, input) }));
  return {
    issues,
    safeIssues: found.map(({ safe }) => safe),
    summary: list(found, ({ issue, safe }) => ({
      full: withPlace(issue, issue.message),
      safe: withPlace(issue, safe.message),
    })),
  };
}

/** The refusal by a schema that threw: logs tell of what kind the error is, as its message may quote the input. */
export function refusedByThrowing(thrown: unknown): Refusal {
  const cause = toError(thrown);
  const { full, safe } = messageOf(cause);
  const safeCause = safeOf(cause) ? undefined : kindOf(cause);
  const summary = message`the schema failed: ${{ full, safe: safeCause ?? safe }}`;
  return {
    issues: [{ message: summary.full }],
    safeIssues: [{ message: summary.safe, path: [] }],
    summary,
    cause,
    safeCause,
  };
}

/** The refusal of a value that cannot be read as an object of keys. */
export function refusedByReading(thrown: unknown): Refusal {
  const cause = toError(thrown);
  return refused(messageOf(cause), cause);
}

/** A refusal for a reason of the engine's. */
export function refused(summary: Message, cause?: Error): Refusal {
  return { issues: [], safeIssues: [], summary, cause };
}

/** Makes the error of a boundary. */
export function refusalError<E extends ValidationError>(
  type: new (message: string, issues: readonly SchemaIssue[], options?: ErrorOptions) => E,
  problem: string,
  { issues, safeIssues, summary, cause, safeCause }: Refusal,
): E {
  const { full, safe } = message`${problem} ${summary}`;
  const error = new type(full, issues, cause && { cause });
  return withSafe(error, {
    message: safe,
    issues: safeIssues,
    ...(safeCause !== undefined && { cause: safeCause }),
  });
}

function withPlace(issue: SchemaIssue, message: string): string {
  const place = pathOf(issue).join(".");
  if (place === "") return message;
  // arktype says where in a way of its own.
  const { propString = place } = issue as { readonly propString?: string };
  const isPlaced = [place, propString, `value at ${propString}`].some((place) =>
    message.startsWith(place) && /^[^\w$]/.test(message.slice(place.length))
  );
  return isPlaced ? message : `${place}: ${message}`;
}

function kindOf(error: Error): string {
  try {
    const { name, code } = error as { readonly name: unknown; readonly code?: unknown };
    return [name, code].filter((word) => typeof word === "string").join(" ");
  } catch {
    return "an error";
  }
}
