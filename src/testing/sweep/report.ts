import { printable } from "../../report/printable.ts";
import { type Fault, words } from "./faults.ts";
import type { LedgerEntry } from "./ledger.ts";

/** An effect that stands where nothing should. */
export interface LeftEffect extends LedgerEntry {
  /** The path of the step or undo that made it stand; several where they ran side by side. */
  readonly by: string | undefined;
}

/**
 * What a case came to. `"compensated"`: nothing stands. `"reported"`: an undo was made to fail, the run's report says so,
 * and only what that undo would have undone still stands. `"impossible"`: the fault cannot happen there, as what is
 * synchronous is never late. The rest are bugs. `"left"`: an effect stands, or was undone more often than done.
 * `"failed"`: an undo failed of itself. `"differs"`: a retry made the run succeed, but it did not have the effects of a
 * clean run. `"hangs"`: the run does not end.
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
  /** The id of the call that went wrong, as a host sees it: `"fulfil/createShipment@1"`, `"chargePayment!undo"`. */
  readonly id: string;
  /** The path of its step. */
  readonly path: string;
  /** What went wrong in it. */
  readonly fault: Fault;
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
}

/** What a sweep came to. */
export interface SweepReport {
  /** The name of the pipeline. */
  readonly pipeline: string;
  /** How many runs it took. */
  readonly runs: number;
  /** Every case, in order. */
  readonly rows: readonly SweepRow[];
  /** The rows as a table, a line each. */
  toString(): string;
  /** The rows as plain data, for `JSON.stringify`. */
  toJSON(): unknown;
}

/** A report of rows. */
export function makeReport(pipeline: string, runs: number, rows: readonly SweepRow[]): SweepReport {
  return Object.freeze({
    pipeline,
    runs,
    rows,
    toString: () => table(rows),
    toJSON: () => printable({ pipeline, runs, rows }, false),
  });
}

function table(rows: readonly SweepRow[]): string {
  const lines = [
    ["call", "fault", "outcome", "undone", "left"],
    ...rows.map(({ id, fault, outcome, undone, left }) => [
      id,
      words[fault],
      outcome,
      undone.join(", "),
      left.map(showEffect).join(", "),
    ]),
  ];
  const widths = lines[0]!.map((_, n) => Math.max(...lines.map((cells) => cells[n]!.length)));
  return lines.map((cells) => cells.map((cell, n) => cell.padEnd(widths[n]!)).join("  ").trimEnd())
    .join("\n");
}

const MOST = 20;

/**
 * Throws when a sweep has found a bug. The message names each: the step, the fault, what stands, and how to run this case
 * alone.
 *
 * @param report What `sweep` gave.
 * @throws {Error} If a case is `"left"`, `"failed"`, `"differs"` or `"hangs"`; `cause` is the list of their rows.
 *
 * @example Usage
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { assertCompensated, ledger, sweep } from "@runsheet/runsheet/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const books = ledger();
 * const charge = step({ name: "charge", run: () => books.add("charge", "c1") });
 * const checkout = pipeline({ name: "checkout", steps: [charge] });
 *
 * await assertRejects(
 *   async () => assertCompensated(await sweep(checkout, {}, { ledger: books })),
 *   Error,
 *   "charge c1 is left",
 * );
 * ```
 */
export function assertCompensated(report: SweepReport): void {
  const bugs = report.rows.filter(({ outcome }) =>
    outcome === "left" || outcome === "failed" || outcome === "differs" || outcome === "hangs"
  );
  if (bugs.length === 0) return;
  const count = `${bugs.length} of ${report.rows.length} cases`;
  const lines = bugs.slice(0, MOST).map(showBug);
  if (bugs.length > MOST) lines.push(`  and ${bugs.length - MOST} more`);
  throw new Error(
    `Cannot accept '${report.pipeline}' as all that it does must be undone when it fails: ${count} are not right\n` +
      lines.join("\n"),
    { cause: bugs },
  );
}

function showBug(row: SweepRow): string {
  const { id, fault, failed } = row;
  const found = [
    ...showLeft(row),
    ...failed.map(({ step, error }) => `the undo of '${step}' failed: ${error.message}`),
    ...hints(row),
    `to run this case alone: only: ${JSON.stringify(`${id}: ${fault}`)}`,
  ];
  const where = fault === "end" ? `the run of '${id}'` : `'${id}'`;
  return [`  ${where} ${words[fault]}:`, ...found.map((line) => `    ${line}`)].join("\n");
}

function showLeft({ outcome, left, survived, fault }: SweepRow): string[] {
  if (outcome === "hangs") return ["the run does not end"];
  if (outcome === "differs") {
    return left.map((entry) =>
      `the run succeeds, but with ${Math.abs(entry.amount)} ${entry.effect} too ${
        entry.amount > 0 ? "many" : "few"
      }`
    );
  }
  const when = survived && fault !== "end" ? " when the run fails later" : "";
  return left.map(({ by, ...entry }) => {
    const whose = by ? `, by '${by}'` : "";
    return entry.amount > 0
      ? `${showEffect(entry)} is left${when}${whose}`
      : `${showEffect(entry)} is undone too often${when}${whose}`;
  });
}

function showEffect({ effect, id, amount }: LedgerEntry): string {
  const name = id === "" ? effect : `${effect} ${id}`;
  return Math.abs(amount) === 1 ? name : `${Math.abs(amount)} of ${name}`;
}

function hints({ id, fault, outcome, path }: SweepRow): string[] {
  if (fault === "hang" && outcome === "hangs") {
    return ["an undo that is asynchronous needs a 'timeout'"];
  }
  if (fault === "after" && outcome === "left" && !id.includes("!")) {
    return [
      "a step that fails is not rolled back: let it 'defer' the undo before the effect, or, if the effect and its " +
      `success are one (a transaction), say except: ${JSON.stringify(`${path}: after`)}`,
    ];
  }
  return [];
}
