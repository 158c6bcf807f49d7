// Every part of the test run ends with one line: "deno 2.9.6: 12 passed, 0 failed".
import type { Ended } from "./shell.ts";

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A part of the test run, such as the tests on one runtime. */
export interface Part {
  name: string;
  run: () => Promise<Counts>;
  /** The parts that must be over first, whatever their outcome. */
  after?: Part[];
  /** Whether it mostly waits, for servers and for processes of its own. */
  waits?: true;
}

/** Parts that need what others make. */
export function after(first: Part[], parts: Part[]): Part[] {
  return parts.map((part) => ({ ...part, after: [...part.after ?? [], ...first] }));
}

const nothing: Counts = { passed: 0, failed: 0, skipped: 0 };

function describeCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed` +
    (skipped > 0 ? `, ${skipped} skipped` : "");
}

function addCounts(all: Counts[]): Counts {
  const sum = (key: keyof Counts) => all.reduce((total, counts) => total + counts[key], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

/**
 * Runs parts in their order, as far as those that they need are over: four at a time on two cores,
 * and beside them one of those that mostly wait. A part may add others to the list.
 */
export async function runParts(parts: Part[]): Promise<Counts[]> {
  const running = new Map<Part, Promise<void>>();
  const over = new Map<Part, Counts>();
  const canStart = (part: Part) =>
    !running.has(part) && !over.has(part) && (part.after ?? []).every((first) => over.has(first));
  const hasRoom = ({ waits }: Part) =>
    [...running.keys()].filter((part) => part.waits === waits).length < (waits ? 1 : 4);
  for (;;) {
    const next = parts.find((part) => canStart(part) && hasRoom(part));
    if (next) {
      const ending = runPart(next).then((counts) => {
        over.set(next, counts);
        running.delete(next);
      });
      running.set(next, ending);
    } else if (running.size > 0) await Promise.race(running.values());
    else break;
  }
  const left = parts.filter((part) => !over.has(part)).map(({ name }) => name);
  if (left.length > 0) throw new Error(`Cannot run parts before what they need: ${left}`);
  return [...over.values()];
}

/** Runs a part and prints its line; a part that throws counts as a failure. */
async function runPart({ name, run }: Part): Promise<Counts> {
  const start = performance.now();
  const counts = await run().catch((error: unknown) => {
    console.log(error instanceof Error ? error.message : error);
    return { ...nothing, failed: 1 };
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const outcome = counts.passed + counts.failed + counts.skipped > 0
    ? describeCounts(counts)
    : "ok";
  console.log(`${name}: ${outcome} (${seconds} s)`);
  return counts;
}

/** A part without a count of tests: it just must not fail. */
export function check(name: string, ending: () => unknown): Part {
  const run = async () => {
    await ending();
    return nothing;
  };
  return { name, run };
}

/** The counts of a test run; its output is shown only if there is a failure. */
export function judge({ code, output }: Ended, counts: Counts): Counts {
  if (code === 0 && counts.failed === 0 && counts.passed > 0) return counts;
  console.log(output);
  if (counts.failed > 0) return counts;
  console.log(
    counts.passed === 0
      ? "Cannot accept a run of no tests"
      : `Cannot accept a run that exits with ${code}`,
  );
  return { ...counts, failed: 1 };
}

/** Prints the sum of all parts as the last line and exits. */
export async function finish(work: () => Promise<Counts[]>): Promise<never> {
  const all = await work().catch((error: unknown) => {
    console.log(error);
    return [{ ...nothing, failed: 1 }];
  });
  const total = addCounts(all);
  console.log(describeCounts(total));
  Deno.exit(total.failed > 0 ? 1 : 0);
}

/** Reads the counts in the last lines of `node --test` or `bun test`. */
export function countSummary(output: string): Counts {
  const last = (word: string) =>
    Number(
      [
        ...output.matchAll(new RegExp(`^[ℹ#] ${word} (\\d+)\\s*$`, "gm")), // Node
        ...output.matchAll(new RegExp(`^ *(\\d+) ${word}\\s*$`, "gm")), // Bun
      ].at(-1)?.[1] ?? 0,
    );
  return {
    passed: last("pass"),
    failed: last("fail") + last("cancelled"),
    skipped: last("skipped") + last("skip") + last("todo"),
  };
}

/** Counts the tests in Deno's JUnit report, without their suites. */
export function countJUnit(xml: string): Counts {
  const cases = [...xml.matchAll(/<testcase name="([^"]*)"[^>]*>\s*(<\w+)?/g)]
    .map(([, name = "", child]) => ({ name, child }));
  const suites = new Set(cases.flatMap(({ name }) => {
    const parts = name.split(" &gt; ");
    return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join(" &gt; "));
  }));
  const tests = cases.filter(({ name }) => !suites.has(name));
  const failed = tests.filter(({ child }) => child === "<failure").length;
  const skipped = tests.filter(({ child }) => child === "<skipped").length;
  return { passed: tests.length - failed - skipped, failed, skipped };
}
