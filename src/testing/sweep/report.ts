import { valueJSON } from "../../report/printable.ts";
import type { Fault } from "./faults.ts";
import type { LedgerEntry } from "./ledger.ts";

/** An effect that should have been undone. */
export interface LeftEffect extends LedgerEntry {
  /**
   * The path of the step or undo that left it in place, or several paths if they ran concurrently.
   */
  readonly by: string | undefined;
}

/** A kind of effect of a step. */
export interface SweepEffect {
  /** The path of the step, or several paths if they ran concurrently. */
  readonly step: string;
  /** The kind of effect. */
  readonly effect: string;
  /** Whether the step declares an undo, or one is called when the run fails. */
  readonly hasUndo: boolean;
}

/**
 * The outcome of a case.
 *
 * Correct outcomes:
 * - `"compensated"`: no effect is left.
 * - `"reported"`: an undo was made to fail, the run's report says so, and only the effects of that
 *   undo are left.
 * - `"impossible"`: the fault cannot happen there, as synchronous code is never late.
 *
 * Bugs:
 * - `"left"`: an effect is left, or was undone more often than done.
 * - `"failed"`: an undo failed by itself.
 * - `"differs"`: the run succeeded despite the fault, but its effects differ: from those of a clean
 *   run, after a retry or a late landing, or by what the failed call left, if the run did without.
 * - `"hangs"`: the run does not end.
 */
export type SweepOutcome =
  | "compensated"
  | "reported"
  | "impossible"
  | "left"
  | "failed"
  | "differs"
  | "hangs";

/** One case of a sweep: a fault at a place, and its outcome. */
export interface SweepRow {
  /**
   * The id of the call, as a host sees it, or of the effect with the fault:
   * `"fulfil/createShipment@1"`, `"chargePayment!undo"`, `"chargePayment@1!effect1"`.
   */
  readonly id: string;
  /** The path of the call. */
  readonly path: string;
  /** The fault. */
  readonly fault: Fault;
  /**
   * The name in the ledger of the effect with the fault; `undefined` for a fault of the whole call.
   */
  readonly effect: string | undefined;
  /** The outcome. */
  readonly outcome: SweepOutcome;
  /** Whether the run continued despite the fault. The sweep then made it fail at its end. */
  readonly survived: boolean;
  /** The undos that succeeded, in order. */
  readonly undone: readonly string[];
  /** The undos that failed or hang. */
  readonly failed: readonly {
    /** The path of the step. */
    readonly step: string;
    /** The reason. */
    readonly error: Error;
  }[];
  /** The effects left; with `"differs"`, the differences. */
  readonly left: readonly LeftEffect[];
  /** Likely causes and remedies. */
  readonly hints: readonly string[];
}

/** The report of a sweep. */
export interface SweepReport {
  /** The name of the pipeline. */
  readonly pipeline: string;
  /** The number of runs. */
  readonly runs: number;
  /**
   * The effects that the sweep saw in a run without faults. Without any, the sweep proves nothing.
   */
  readonly effects: readonly SweepEffect[];
  /** All cases, in order. */
  readonly rows: readonly SweepRow[];
  /**
   * The paths of the steps that no run has called, such as those of a `choice` or a `when` that the
   * args do not lead to. Nothing is known about their undos.
   */
  readonly unreached: readonly string[];
  /** The rows as a table, no wider than 80 columns. */
  toString(): string;
  /** The rows as plain data, for `JSON.stringify`. */
  toJSON(): unknown;
}

export function makeReport(
  pipeline: string,
  runs: number,
  effects: readonly SweepEffect[],
  rows: readonly SweepRow[],
  unreached: readonly string[],
): SweepReport {
  return Object.freeze({
    pipeline,
    runs,
    effects,
    rows,
    unreached,
    toString: () =>
      [summary(pipeline, runs, rows), ...missed(unreached), "", ...table(rows)].join("\n"),
    toJSON: () => valueJSON({ pipeline, runs, effects, rows, unreached }, false),
  });
}

/** Describes an effect and its amount. */
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

function missed(unreached: readonly string[]): readonly string[] {
  return unreached.map((path) => clip(`no run has called '${path}'`));
}

const WIDEST = 80;
const GAP = "  ";
const MOST_LEFT = 3;

/** One line for all faults of a call with the same outcome, followed by the effects left. */
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

/** Shortens a long line in the middle, as its end says more. */
function clip(line: string): string {
  if (line.length <= WIDEST) return line;
  const end = line.slice(-(WIDEST - 50));
  return `${line.slice(0, WIDEST - end.length - 1)}…${end}`;
}
