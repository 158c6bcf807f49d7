import type { Result } from "../../api/result.ts";
import type { LateReport } from "../../api/run.ts";
import { baseOf } from "../../run/paths.ts";
import type { Case } from "./cases.ts";
import { type FaultHost, type Totals, totalsOf } from "./fault_host.ts";
import type { Books, LedgerEntry } from "./ledger.ts";
import type { LeftEffect, SweepOutcome, SweepRow } from "./report.ts";

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

/** What a case came to. `allowed` is what its undo would have undone, had it not been made to fail. */
export function judge(
  one: Case,
  observed: Observed,
  survived: boolean,
  allowed: Totals = new Map(),
): SweepRow {
  const { host, result, hung, late } = observed;
  const undone = [
    ...result?.success === false ? result.rollback.completed : [],
    ...late.flatMap(({ step, outcome }) => outcome === "compensated" ? [step] : []),
  ];
  const failed = [
    ...result?.success === false ? result.rollback.failed : [],
    ...late.flatMap(({ step, outcome, error }) =>
      outcome === "failed" && error ? [{ step, error }] : []
    ),
  ];
  const ownFailures = failed.filter(({ error }) => !isInjected(error, host.injected));
  const left = observed.left.map((entry) => ({
    ...entry,
    by: host.madeBy(entry.effect, entry.id),
  }));
  const row = (outcome: SweepOutcome, rest: Partial<SweepRow> = {}): SweepRow => {
    const { call: { id, path }, fault } = one;
    return Object.freeze({ id, path, fault, survived, undone, failed, left, outcome, ...rest });
  };
  if (!result) return row("hangs", { failed: hung.map(neverSettles) });
  if (host.endless !== undefined) return row("hangs");
  if (host.wasInTime) return row("impossible");
  if (isTooMuch(left, observed.totals, allowed)) return row("left", { failed: ownFailures });
  if (ownFailures.length > 0) return row("failed", { failed: ownFailures });
  return row(left.length > 0 ? "reported" : "compensated");
}

/**
 * A run that succeeded by a retry of the call that failed must have the effects of a clean run, by kind: ids may well be
 * others.
 */
export function judgeRetried(one: Case, observed: Observed, clean: Totals): SweepRow | undefined {
  const { call, fault } = one;
  const { host } = observed;
  const wasRetried = host.calls.some((later) =>
    baseOf(later) === baseOf(call) && later.attempt > call.attempt && host.succeeded.has(later.id)
  );
  if (!wasRetried) return undefined;
  const kinds = [...new Set([...clean.keys(), ...observed.totals.keys()])];
  const left = kinds.map((effect): LeftEffect => {
    const amount = (observed.totals.get(effect) ?? 0) - (clean.get(effect) ?? 0);
    return { effect, id: "", amount, by: call.path };
  }).filter(({ amount }) => amount !== 0);
  if (left.length === 0) return undefined;
  const { id, path } = call;
  const undone = observed.late.map(({ step }) => step);
  return { id, path, fault, outcome: "differs", survived: true, undone, failed: [], left };
}

function isTooMuch(left: readonly LedgerEntry[], totals: Totals, allowed: Totals): boolean {
  return left.some(({ amount }) => amount < 0) ||
    [...totals].some(([kind, amount]) => amount > (allowed.get(kind) ?? 0));
}

/** Whether an undo failed only because the sweep made it fail, in all its attempts. */
function isInjected(error: unknown, injected: ReadonlySet<unknown>): boolean {
  if (injected.has(error)) return true;
  return error instanceof Error && "errors" in error && Array.isArray(error.errors) &&
    error.errors.every((one) => isInjected(one, injected));
}

function neverSettles(id: string): { step: string; error: Error } {
  return { step: id, error: new Error("it never settles") };
}
