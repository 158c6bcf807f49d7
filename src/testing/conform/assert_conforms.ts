import type { ConformReport } from "./conform.ts";

/**
 * Throws if `conform` has found a fault. The message has a sentence for each.
 *
 * @param report The report of `conform`.
 * @throws {Error} If a run has a problem, or nothing was killed.
 */
export function assertConforms({ runs }: ConformReport): void {
  const kills = runs.reduce((sum, run) => sum + run.kills, 0);
  const bad = runs.filter(({ problems }) => problems.length > 0);
  if (bad.length === 0 && kills > 0) return;
  if (bad.length === 0) {
    throw new Error("Cannot accept the adapter as a run must be killed: none was");
  }
  const lines = bad.flatMap(({ name, problems }) => [
    `  ${name}:`,
    ...problems.map((problem) => `    ${problem}`),
  ]);
  throw new Error(
    "Cannot accept the adapter as a run must end as if nobody had killed it: " +
      `${bad.length} of ${runs.length} runs are not right\n${lines.join("\n")}`,
  );
}
