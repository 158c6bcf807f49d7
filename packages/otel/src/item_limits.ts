import type { Span } from "@runsheet/runsheet/observe";

/** How many items of a collection, or undos of a step, are traced one by one. */
const MOST = 100;

/** Limits the number of spans of a run, however many items it has. */
export class ItemLimits {
  readonly #begun = new Map<string, number>();
  readonly #failed = new Map<string, number>();

  /** Whether there is room for a span that begins; if so, takes it. */
  begins(span: Span): boolean {
    return !isOneOfMany(span) || take(this.#begun, placeOf(span));
  }

  /** Whether there is still room for a span that fails. */
  mayFail(span: Span): boolean {
    return (this.#failed.get(placeOf(span)) ?? 0) < MOST;
  }

  /** Whether there is room for a span that has failed; if so, takes it. */
  fails(span: Span): boolean {
    return take(this.#failed, placeOf(span));
  }
}

function isOneOfMany({ kind, index }: Span): boolean {
  return index !== undefined || kind === "undo" || kind === "rollback" || kind === "late";
}

/** The place that a span counts for, the same for all items of a collection. */
function placeOf({ kind, path, attempt = 1 }: Span): string {
  return `${kind} ${attempt} ${path.replaceAll(/\[\d+\]/g, "[]")}`;
}

function take(counts: Map<string, number>, place: string): boolean {
  const count = counts.get(place) ?? 0;
  if (count >= MOST) return false;
  counts.set(place, count + 1);
  return true;
}
