import type { SchemaIssue } from "../api/schema.ts";
import { list, type Message, message, messageOf, safeOf, withSafe } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { toError, type ValidationError } from "./errors.ts";
import { type IssueJSON, pathOf, safeIssue } from "./safe_issue.ts";

/** The reason that a boundary rejects a value. */
export interface Refusal {
  /** The issues that the schema found. */
  readonly issues: readonly SchemaIssue[];
  /** The issues as printed in logs. */
  readonly safeIssues: readonly IssueJSON[];
  /** A one-line summary. */
  readonly summary: Message;
  /** The thrown error, if any. */
  readonly cause?: Error | undefined;
  /** The cause as printed in logs, if its message may hold values. */
  readonly safeCause?: string | undefined;
}

/** Stands in for a value that was rejected. */
export class Refused {
  declare readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    this.refusal = refusal;
  }
}

/** The refusal of an input in which a schema found issues. */
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

/**
 * The refusal if a schema threw. Logs show only the kind of error: its message may quote the input.
 */
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

/** The refusal of a value that could not be read as an object of keys. */
export function refusedByReading(thrown: unknown): Refusal {
  const cause = toError(thrown);
  const own = messageOf(cause);
  // Otherwise a getter or a trap of the value has thrown.
  const isSentence = own.full.startsWith("must ");
  return refused(isSentence ? own : message`must be readable: ${shown(cause)}`, cause);
}

/** The refusal of a value by the engine itself. */
export function refused(summary: Message, cause?: Error): Refusal {
  return { issues: [], safeIssues: [], summary, cause };
}

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
  // arktype has its own notation for paths.
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
