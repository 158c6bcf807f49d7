import type { Books } from "./ledger.ts";

/** How much of each kind of effect. */
export type Totals = ReadonlyMap<string, number>;

/** What stands, by kind. */
export function totalsOf(books: Books): Totals {
  const totals = new Map<string, number>();
  for (const { effect, amount } of books.left()) {
    totals.set(effect, (totals.get(effect) ?? 0) + amount);
  }
  return totals;
}

/** How much less there is of each kind. */
export function difference(before: Totals, after: Totals): Totals {
  return new Map([...before].map(([kind, amount]) => [kind, amount - (after.get(kind) ?? 0)]));
}
