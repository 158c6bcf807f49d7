// Runs the bench on the current runtime and writes the results to the file given as the first
// argument. Started by main.ts in npm/bench. `--quick` is a smoke test; other arguments select
// cases by name.
import { writeFile } from "node:fs/promises";
import { arch, cpus, platform } from "node:os";
import process from "node:process";
import { cases as checkouts, casesWithTimers } from "./cases/checkout.ts";
import { cases as groups } from "./cases/groups.ts";
import { type MeasuredMemory, measureMemory } from "./cases/memory.ts";
import { type MeasuredImport, measureImports } from "./cases/start.ts";
import { cases as observers } from "./cases/observers.ts";
import { cases as steps } from "./cases/steps.ts";
import { floor } from "./floor/floor.ts";
import { runOthers } from "./others.ts";
import { FULL, measure, type MeasuredCase, QUICK } from "./harness.ts";

/** The content of results/<runtime>.json. */
export interface Results {
  readonly runtime: string;
  readonly machine: string;
  readonly date: string;
  readonly quick: boolean;
  readonly cases: readonly MeasuredCase[];
  readonly imports: readonly MeasuredImport[];
  readonly memory: readonly MeasuredMemory[];
}

const [file = "", ...args] = process.argv.slice(2);
const quick = args.includes("--quick");
const wanted = args.filter((arg) => !arg.startsWith("--"));
const isWanted = (name: string) =>
  wanted.length === 0 || wanted.some((part) => name.includes(part));

const { deno, bun, node } = process.versions;
const runtime = deno ? "deno" : bun ? "bun" : "node";

const noWait = () => Promise.resolve();

for (const library of [undefined, floor]) await runOthers(quick ? 10 : 300, library);
const cases: MeasuredCase[] = [];
for (const each of [...checkouts, ...steps, ...groups, ...observers, ...casesWithTimers]) {
  if (!isWanted(each.name) || (quick && each.large)) continue;
  process.stderr.write(`${each.name} …\n`);
  // The few timers of a smoke test do not matter.
  const measuring = quick
    ? measure({ ...each, settle: noWait }, QUICK, runtime)
    : measure(each, FULL, runtime);
  cases.push(await measuring);
}
const results: Results = {
  runtime: deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`,
  machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${platform()} ${arch()}`,
  date: new Date().toISOString().slice(0, 10),
  quick,
  cases,
  imports: isWanted("import") ? await measureImports(quick ? 1 : 15) : [],
  memory: isWanted("memory") ? await measureMemory(quick ? 500 : 10_000) : [],
};
await writeFile(file, JSON.stringify(results, undefined, 2) + "\n");
