import type { SchemaIssue } from "../api/schema.ts";

/** What a schema found, as one line. */
export function showIssues(issues: readonly SchemaIssue[]): string {
  return issues.map(({ message, path = [] }) => {
    const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return place === "" || message.includes(place) ? message : `${place}: ${message}`;
  }).join("; ");
}
