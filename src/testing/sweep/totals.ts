import type { LedgerEntry } from "./ledger.ts";

/** The amount of each kind of effect. */
export type Totals = ReadonlyMap<string, number>;

/** The amounts in place, by kind. */
export function totalsOf(left: readonly LedgerEntry[]): Totals {
  const totals = new Map<string, number>();
  for (const { effect, amount } of left) {
    totals.set(effect, (totals.get(effect) ?? 0) + amount);
  }
  return totals;
}

/** The decrease of each kind. */
export function difference(before: Totals, after: Totals): Totals {
  return new Map([...before].map(([kind, amount]) => [kind, amount - (after.get(kind) ?? 0)]));
}

/** Adds to amounts what has changed between two others. */
export function addChange(totals: Map<string, number>, before: Totals, after: Totals): void {
  for (const kind of new Set([...before.keys(), ...after.keys()])) {
    const change = (after.get(kind) ?? 0) - (before.get(kind) ?? 0);
    totals.set(kind, (totals.get(kind) ?? 0) + change);
  }
}
