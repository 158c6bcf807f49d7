import type { Books, LedgerEntry } from "@runsheet/runsheet/testing";

/** Books that are read off the fakes themselves, which are made anew for every run. */
export function booksOf(left: () => readonly LedgerEntry[]): Books {
  return { left, clear: () => {} };
}

/** The ledger entries of an effect, by id, but those that come to nothing. */
export function entries(
  effect: string,
  amounts: Iterable<readonly [string, number]>,
): LedgerEntry[] {
  return [...amounts].filter(([, amount]) => amount !== 0)
    .map(([id, amount]) => ({ effect, id, amount }));
}
