import type { Result } from "../../api/result.ts";
import type { LateReport } from "../../api/run.ts";
import type { FaultHost } from "./fault_host.ts";
import type { Books, LedgerEntry } from "./ledger.ts";
import { type Totals, totalsOf } from "./totals.ts";

/** What there is to see once a run and all that came late are over. */
export interface Observed {
  readonly host: FaultHost;
  /** What the run came to; `undefined` when it did not end. */
  readonly result: Result<unknown> | undefined;
  /** The calls that it waits for for ever. */
  readonly hung: readonly string[];
  readonly late: readonly LateReport[];
  readonly left: readonly LedgerEntry[];
  /** The same by kind. */
  readonly totals: Totals;
}

/** Looks at the books, once nothing changes them any more. */
export function standing(books: Books): Pick<Observed, "left" | "totals"> {
  return { left: books.left(), totals: totalsOf(books) };
}
