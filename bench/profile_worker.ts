// Profiles the library in the cases of the bench on Node, and prints how its time divides among the
// parts of the engine and among its lines. Started by profile.ts in npm/bench.
import { readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import type { Profiler } from "node:inspector";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cases as checkouts, casesWithTimers } from "./cases/checkout.ts";
import { cases as groups } from "./cases/groups.ts";
import { cases as steps } from "./cases/steps.ts";
import { floor } from "./floor/floor.ts";
import type { Contender } from "./harness.ts";
import { runOthers } from "./others.ts";

const WARM_UP = 1_000;
const DURATION = 3_000;
/** Between two samples, in microseconds. */
const INTERVAL = 100;
const LINES = 12;

/** The parts of a run: the first one that fits a line of code has its time. */
const PARTS: readonly (readonly [name: string, file: RegExp, code?: RegExp])[] = [
  ["garbage collection", /^\(garbage collector\)$/],
  ["the steps' own functions", /^worker$/],
  [
    "copies and freezes",
    /^src/,
    /^\.\.\.|\{ \.\.\.|Object\.(freeze|assign|hasOwn|getPrototypeOf)\(/,
  ],
  ["copies and freezes", /values\/(context|loses_keys)/],
  ["validation", /schema\/|when_validated|arktype|@ark|zod/],
  ["info, key, signal", /effect\/info/],
  ["call, cancellation, timer", /effect\/(call|cutoff|caller)|run\/cancellation|timers/],
  ["attempt and its undo", /effect\/|steps\/(step|output)/],
  ["middleware", /engine\/middleware/],
  ["groups", /groups\/|combinators\//],
  ["sequence", /steps\/|engine\/run_child|run\/(scope|settled|paths)/],
  ["run, journal, result", /engine\/|report\/|run\/|observe\/|values\//],
  ["promises and other code of the runtime", /^/],
];

/** A line of code, and the samples taken in it. */
interface Line {
  readonly module: string;
  readonly number: number;
  readonly code: string;
  ticks: number;
}

/** The lines of the source files read so far. */
const files = new Map<string, readonly string[]>();

const given = process.argv.slice(2);
const wanted = given.length > 0 ? given : ["checkout", "parallel", "1000 items"];
await runOthers(300);
await runOthers(300, floor);
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.setSamplingInterval", { interval: INTERVAL });
for (const { name, contenders } of [...checkouts, ...groups, ...steps, ...casesWithTimers]) {
  if (!wanted.some((part) => name.includes(part))) continue;
  await runFor(WARM_UP, contenders);
  const [subject] = contenders;
  await session.post("Profiler.start");
  const count = await runFor(DURATION, [subject!]);
  const { profile } = await session.post("Profiler.stop");
  print(name, DURATION / count, linesOf(profile));
}

/** Calls contenders in turns; returns the number of turns. */
async function runFor(ms: number, contenders: readonly Contender[]): Promise<number> {
  const end = performance.now() + ms;
  let turns = 0;
  while (performance.now() < end) {
    for (let n = 0; n < 20; n++, turns++) for (const { run } of contenders) await run();
  }
  return turns;
}

function linesOf({ nodes }: Profiler.Profile): Line[] {
  const lines = new Map<string, Line>();
  for (const { callFrame: { url, functionName }, positionTicks = [], hitCount = 0 } of nodes) {
    let rest = hitCount;
    for (const { line, ticks } of positionTicks) {
      add(lines, lineAt(url, functionName, line), ticks);
      rest -= ticks;
    }
    if (rest > 0) add(lines, lineAt(url, functionName, 0), rest);
  }
  return [...lines.values()];
}

function add(lines: Map<string, Line>, line: Line, ticks: number): void {
  const key = `${line.module}:${line.number}`;
  const known = lines.get(key) ?? line;
  known.ticks += ticks;
  lines.set(key, known);
}

function lineAt(url: string, functionName: string, number: number): Line {
  const line = { number, code: "", ticks: 0 };
  if (!url.startsWith("file:")) return { ...line, module: url || functionName || "(native)" };
  const path = fileURLToPath(url);
  const source = files.get(path) ?? readFileSync(path, "utf8").split("\n");
  files.set(path, source);
  // The bundles name each module in a comment before its code.
  const named = source.slice(0, number).findLast((text) => /^\/\/ \S+\.ts$/.test(text));
  const module = path.includes("/@runsheet/runsheet/")
    ? named?.slice(3)
    : /node_modules\/(.*)/.exec(path)?.[1];
  return { ...line, module: module ?? "worker", code: source[number - 1]?.trim() ?? "" };
}

function print(name: string, ms: number, lines: readonly Line[]): void {
  const total = lines.reduce((sum, { ticks }) => sum + ticks, 0);
  const share = (ticks: number) => `${(100 * ticks / total).toFixed(1).padStart(5)} %`;
  console.log(`\n${name}: ${(1_000 * ms).toPrecision(3)} µs while it is profiled`);
  const parts = new Map<string, number>();
  for (const { module, code, ticks } of lines) {
    const [part] = PARTS.find(([, file, text]) => file.test(module) && (text?.test(code) ?? true))!;
    parts.set(part, (parts.get(part) ?? 0) + ticks);
  }
  for (const [part, ticks] of [...parts].toSorted(([, a], [, b]) => b - a)) {
    console.log(`  ${share(ticks)}  ${part}`);
  }
  console.log("  of which, by line:");
  const slowest = lines.toSorted((a, b) => b.ticks - a.ticks).slice(0, LINES);
  for (const { module, code, ticks } of slowest) {
    console.log(`  ${share(ticks)}  ${module}  ${code.slice(0, 80)}`);
  }
}
