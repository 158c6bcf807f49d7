// Summarizes a demo in words.
import { isRunsheetError } from "@runsheet/runsheet";
import type { Demo } from "./demo.ts";

export function summarize(demo: Demo): string[] {
  const { results, timings, late, charges, mails, claims } = demo;
  const receipts = results.flatMap((result) => result.success ? [result.data] : []);
  const failures = results.filter((result) => !result.success);
  const turnover = receipts.reduce((sum, { total }) => sum + total, 0);
  return [
    `${results.length} orders`,
    count(receipts.length, `done, ${euros(turnover)}`),
    count(failures.length, "failed"),
    ...countAll(failures.map(({ error }) => reason(error))).map((line) => `  ${line}`),
    "",
    "compensations run",
    ...countAll(failures.flatMap(({ rollback }) => rollback.completed)),
    "compensations failed",
    ...countAll(failures.flatMap(({ rollback }) => rollback.failed.map(({ step }) => step))),
    "",
    "gateway",
    count(charges.captured, "charges kept"),
    count(charges.refunded, "refunded"),
    count(charges.voided, "voided, whose answer never came"),
    ...countAll(late.map(({ step, outcome }) => `${step}: ${outcome} after it was given up`)),
    "",
    "steps",
    ...[...timings].map(([name, { runs, failures, ms }]) =>
      count(runs, `${name}, ${failures} failed, ${(ms / runs).toFixed(1)} ms on average`)
    ),
    count(mails, "confirmations sent"),
    "",
    "balance",
    ...claims.flatMap(({ text, differences }) => [
      `  ${differences.length === 0 ? "holds" : "FAILS"}  ${text}`,
      ...differences.map((difference) => `           ${difference}`),
    ]),
  ];
}

/** The reason an order failed, in the same words for all orders with that reason. */
export function reason(error: Error): string {
  if (isRunsheetError(error, "RETRY_EXHAUSTED")) {
    return `${error.code} after ${error.attempts} attempts, the last: ${reason(error.lastError)}`;
  }
  if (isRunsheetError(error, "REQUIRES_VALIDATION")) {
    const fields = new Set(error.issues.map(({ path }) => path?.join(".")));
    return `${error.code}: ${[...fields].join(", ")}`;
  }
  return isRunsheetError(error) ? error.code : `${error.name}: ${error.message}`;
}

function countAll(items: string[]): string[] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  if (counts.size === 0) return ["     none"];
  return [...counts].sort(([a], [b]) => a < b ? -1 : 1).map(([item, n]) => count(n, item));
}

function count(n: number, what: string): string {
  return `${String(n).padStart(5)}  ${what}`;
}

function euros(cents: number): string {
  return `€ ${(cents / 100).toFixed(2)}`;
}
