import { withoutIndexes } from "../../run/paths.ts";
import { messageOf } from "../../values/message.ts";
import { effectWords, words } from "./faults.ts";
import { showEffect, type SweepEffect, type SweepReport, type SweepRow } from "./report.ts";

const MOST = 20;
const MOST_LEFT = 3;
const MOST_PLACES = 10;

/**
 * Throws if a sweep has found a bug or proves nothing. The message names each bug: the step, the
 * fault, the effects left, and how to run the case on its own.
 *
 * @param report The report of `sweep`.
 * @throws {Error} If the outcome of a case is `"left"`, `"failed"`, `"differs"` or `"hangs"`, or if
 * the sweep had no case or saw no effect of any step.
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
 *   "'charge' has no undo",
 * );
 * ```
 */
export function assertCompensated(report: SweepReport): void {
  const { pipeline, effects, rows } = report;
  if (rows.length === 0) {
    throw new Error(
      `Cannot accept '${pipeline}' as its sweep must have at least one case: its options leave none`,
    );
  }
  const bugs = rows.filter(({ outcome }) =>
    outcome === "left" || outcome === "failed" || outcome === "differs" || outcome === "hangs"
  );
  if (bugs.length === 0 && effects.length > 0) return;
  if (bugs.length === 0) {
    throw new Error(
      `Cannot accept '${pipeline}' as its sweep must see at least one effect: fakes must write what they do to the ` +
        "'ledger' that the sweep is given, or steps must have an undo",
    );
  }
  const count = `${bugs.length} of ${rows.length} cases`;
  const lines = [...withoutUndo(bugs, effects), ...atMost(MOST, alike(bugs).map(showBugs), "  ")];
  throw new Error(
    `Cannot accept '${pipeline}' as all that it does must be undone when it fails: ${count} are not right\n` +
      lines.join("\n"),
  );
}

function atMost(most: number, lines: readonly string[], margin = ""): readonly string[] {
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most), `${margin}and ${lines.length - most} more`];
}

/** Reports the simplest cause first. */
function withoutUndo(bugs: readonly SweepRow[], effects: readonly SweepEffect[]): string[] {
  const left = new Set(
    bugs.flatMap((row) => row.left.map(({ by }) => by && withoutIndexes(by))),
  );
  const steps = effects.filter(({ step, hasUndo }) => !hasUndo && left.has(step));
  return [...new Set(steps.map(({ step }) => step))].map((step) =>
    `  '${step}' has no undo: give it a 'rollback', or let it 'defer' one; if it runs a pipeline, ` +
    "pass it the step's info"
  );
}

/** Groups cases with the same findings, which most likely share a cause. */
function alike(bugs: readonly SweepRow[]): SweepRow[][] {
  const groups = new Map<string, SweepRow[]>();
  for (const row of bugs) {
    const key = JSON.stringify([showLeft({ ...row, survived: false }).sort(), ...whyNot(row)]);
    groups.set(key, [...groups.get(key) ?? [], row]);
  }
  return [...groups.values()];
}

function showBugs(bugs: readonly SweepRow[]): string {
  const [first, ...others] = bugs as [SweepRow, ...SweepRow[]];
  const only = JSON.stringify(`${first.id}: ${first.fault}`);
  const lines = [
    ...atMost(MOST_LEFT, showLeft(first)),
    ...whyNot(first),
    `to run this case alone: only: ${only}`,
  ];
  if (others.length > 0) lines.push(`the same in ${places(others)}`);
  return [`  ${whatGoesWrong(first)}:`, ...lines.map((line) => `    ${line}`)].join("\n");
}

function whyNot({ failed, hints }: SweepRow): string[] {
  return [
    ...failed.map(({ step, error }) => `the undo of '${step}' failed: ${messageOf(error).full}`),
    ...hints,
  ];
}

/** Lists cases as `charge@1 (before, late), ship@1 (before)`, enough to run each on its own. */
function places(rows: readonly SweepRow[]): string {
  const faults = new Map<string, string[]>();
  for (const { id, fault } of rows) faults.set(id, [...faults.get(id) ?? [], fault]);
  const calls = [...faults].map(([id, faults]) => `${id} (${faults.join(", ")})`);
  return atMost(MOST_PLACES, calls).join(", ");
}

function whatGoesWrong({ id, fault, effect }: SweepRow): string {
  if (effect !== undefined) return `'${id}' (${effect}) ${effectWords[fault]}`;
  return fault === "end" ? `the run of '${id}' ${words.end}` : `'${id}' ${words[fault]}`;
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
