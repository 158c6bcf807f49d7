import type { LedgerEntry } from "@runsheet/runsheet/testing";

/** The ledger entries of an effect by id, except those that add up to zero. */
export function entries(
  effect: string,
  amounts: Iterable<readonly [string, number]>,
): LedgerEntry[] {
  return [...amounts].filter(([, amount]) => amount !== 0)
    .map(([id, amount]) => ({ effect, id, amount }));
}
