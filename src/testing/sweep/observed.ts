import type { Result } from "../../api/result.ts";
import type { LateReport } from "../../api/late_report.ts";
import type { FaultHost } from "./fault_host.ts";
import type { Books, LedgerEntry } from "./ledger.ts";
import { type Totals, totalsOf } from "./totals.ts";

/** The observations after a run and all its late attempts have ended. */
export interface Observed {
  readonly host: FaultHost;
  /** The result of the run; `undefined` if it did not end. */
  readonly result: Result<unknown> | undefined;
  /** The calls that never settle. */
  readonly hung: readonly string[];
  readonly late: readonly LateReport[];
  readonly left: readonly LedgerEntry[];
  /** The amounts left, by kind. */
  readonly totals: Totals;
}

/** Reads the books once nothing can change them. */
export function standing(books: Books): Pick<Observed, "left" | "totals"> {
  const left = books.left().filter(({ amount }) => amount !== 0);
  return { left, totals: totalsOf(left) };
}
