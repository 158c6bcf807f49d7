import type { Span } from "@runsheet/runsheet/observe";

/** The name of a span, the same in every run and for every item, so that backends can group it. */
export function nameOf({ kind, name }: Span): string {
  return kind === "step" ? name : `${kind} ${name}`;
}
