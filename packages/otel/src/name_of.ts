import type { Span } from "@runsheet/runsheet/observe";

/**
 * What a span is called: the same in every run and for every item, so that a backend can group by
 * it.
 */
export function nameOf({ kind, name }: Span): string {
  return kind === "step" ? name : `${kind} ${name}`;
}
