import { printable } from "../../report/printable.ts";
import type { Fault } from "./faults.ts";
import type { LedgerEntry } from "./ledger.ts";

/** An effect that stands where nothing should. */
export interface LeftEffect extends LedgerEntry {
  /** The path of the step or undo that made it stand; several where they ran side by side. */
  readonly by: string | undefined;
}

/** A kind of effect that a step has. */
export interface SweepEffect {
  /** The path of the step; several where they ran side by side. */
  readonly step: string;
  /** What kind of effect it is. */
  readonly effect: string;
  /** Whether anything of the step is called when the run fails later. */
  readonly hasUndo: boolean;
}

/**
 * What a case came to. `"compensated"`: nothing stands. `"reported"`: an undo was made to fail, the run's report says so,
 * and only what that undo would have undone still stands. `"impossible"`: the fault cannot happen there, as what is
 * synchronous is never late. The rest are bugs. `"left"`: an effect stands, or was undone more often than done.
 * `"failed"`: an undo failed of itself. `"differs"`: the run succeeded, by a retry or as an attempt landed after all, but
 * it did not have the effects of a clean run. `"hangs"`: the run does not end.
 */
export type SweepOutcome =
  | "compensated"
  | "reported"
  | "impossible"
  | "left"
  | "failed"
  | "differs"
  | "hangs";

/** One case of a sweep: a fault in a place, and what came of it. */
export interface SweepRow {
  /**
   * The id of what went wrong: of a call, as a host sees it, or of an effect in it. `"fulfil/createShipment@1"`,
   * `"chargePayment!undo"`, `"chargePayment@1!effect1"`.
   */
  readonly id: string;
  /** The path of its step. */
  readonly path: string;
  /** What went wrong in it. */
  readonly fault: Fault;
  /** Which effect went wrong, as the ledger names it; `undefined` when it was the whole call. */
  readonly effect: string | undefined;
  /** What came of it. */
  readonly outcome: SweepOutcome;
  /** Whether the run went on in spite of the fault; the sweep made it fail at its end then. */
  readonly survived: boolean;
  /** The steps that were undone, in order. */
  readonly undone: readonly string[];
  /** The steps whose undo failed, or hangs, and why. */
  readonly failed: readonly {
    /** The path of the step. */
    readonly step: string;
    /** Why. */
    readonly error: Error;
  }[];
  /** What stands, or with `"differs"` what is too much or too little. */
  readonly left: readonly LeftEffect[];
  /** What may be the cause, and what to do about it. */
  readonly hints: readonly string[];
}

/** What a sweep came to. */
export interface SweepReport {
  /** The name of the pipeline. */
  readonly pipeline: string;
  /** How many runs it took. */
  readonly runs: number;
  /** What the steps do when nothing goes wrong, as far as the sweep can see: without any, it proves nothing. */
  readonly effects: readonly SweepEffect[];
  /** Every case, in order. */
  readonly rows: readonly SweepRow[];
  /** The rows as a table, no wider than 80 columns. */
  toString(): string;
  /** The rows as plain data, for `JSON.stringify`. */
  toJSON(): unknown;
}

/** A report of rows. */
export function makeReport(
  pipeline: string,
  runs: number,
  effects: readonly SweepEffect[],
  rows: readonly SweepRow[],
): SweepReport {
  return Object.freeze({
    pipeline,
    runs,
    effects,
    rows,
    toString: () => [summary(pipeline, runs, rows), "", ...table(rows)].join("\n"),
    toJSON: () => printable({ pipeline, runs, effects, rows }, false),
  });
}

/** How an effect is named, and how much of it there is. */
export function showEffect({ effect, id, amount }: LedgerEntry): string {
  const name = id === "" ? effect : `${effect} ${id}`;
  return Math.abs(amount) === 1 ? name : `${Math.abs(amount)} of ${name}`;
}

function summary(pipeline: string, runs: number, rows: readonly SweepRow[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of rows) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const outcomes = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ");
  return `${pipeline}: ${rows.length} cases in ${runs} runs, ${outcomes}`;
}

const WIDEST = 80;
const GAP = "  ";
const MOST_LEFT = 3;

/** A line for all faults of a call that came to the same, and others for what is left. */
function table(rows: readonly SweepRow[]): string[] {
  const alike = new Map<string, SweepRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.id, row.outcome, row.left]);
    alike.set(key, [...alike.get(key) ?? [], row]);
  }
  const lines = [...alike.values()].map((group) => {
    const [{ id, outcome, left }] = group as [SweepRow];
    const faults = group.map(({ fault }) => fault).join(", ");
    return { cells: [outcome, faults, id], left };
  });
  const header = ["outcome", "faults", "call"];
  const widths = header.map((name, n) =>
    Math.max(name.length, ...lines.map(({ cells }) => cells[n]!.length))
  );
  const line = (cells: readonly string[]) =>
    clip(cells.map((cell, n) => cell.padEnd(widths[n]!)).join(GAP).trimEnd());
  return [
    line(header),
    ...lines.flatMap(({ cells, left }) => [
      line(cells),
      ...left.slice(0, MOST_LEFT).map((entry) => clip(`${GAP}${whatIsLeft(entry)}`)),
      ...left.length > MOST_LEFT ? [`${GAP}and ${left.length - MOST_LEFT} more`] : [],
    ]),
  ];
}

function whatIsLeft({ by, ...entry }: LeftEffect): string {
  const what = entry.amount > 0 ? "is left" : "is undone too often";
  return `${showEffect(entry)} ${what}${by ? `, by '${by}'` : ""}`;
}

/** The end of a long line tells more than its middle. */
function clip(line: string): string {
  if (line.length <= WIDEST) return line;
  const end = line.slice(-(WIDEST - 50));
  return `${line.slice(0, WIDEST - end.length - 1)}…${end}`;
}
