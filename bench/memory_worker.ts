// A million runs with 5-second timeouts that do not fire, and the memory they hold. Started by
// memory.ts in npm/bench with the name of a scenario and the number of runs; prints a line of JSON.
import process from "node:process";
import { collect } from "./collect.ts";

/** The result of a scenario; memory in megabytes. */
export interface Held {
  readonly scenario: string;
  readonly runs: number;
  readonly seconds: number;
  /** The process: before the first run, and at its peak. */
  readonly rssBefore: number;
  readonly rssPeak: number;
  /**
   * The heap after a collection: after each tenth of the runs, and when the last timeout would have
   * fired.
   */
  readonly heap: readonly number[];
  readonly heapAfter: number;
  /**
   * Timers of `setTimeout` that have neither fired nor been cleared: the maximum, and at the end.
   */
  readonly timersMost: number;
  readonly timersLeft: number;
  /** The maximum of signals of `AbortSignal.timeout` that have not fired. */
  readonly signalsMost: number;
  /** The resources that Node still waits for; null elsewhere. */
  readonly handlesLeft: number | null;
}

const TIMEOUT = 5_000;
const TENTHS = 10;

/** Counts timers and signals from now on. */
function countTimers() {
  const { setTimeout, clearTimeout } = globalThis;
  const live = new Set<unknown>();
  // The times at which the signals will fire, in order, as all have the same timeout.
  const firing: number[] = [];
  let fired = 0;
  const counts = { timersMost: 0, signalsMost: 0, timersLeft: () => live.size };
  globalThis.setTimeout = ((callback: (...args: unknown[]) => void, ms: number, ...args: []) => {
    const id: unknown = setTimeout(() => {
      live.delete(id);
      callback(...args);
    }, ms);
    live.add(id);
    counts.timersMost = Math.max(counts.timersMost, live.size);
    return id;
  }) as typeof setTimeout;
  globalThis.clearTimeout = ((id: never) => {
    live.delete(id);
    clearTimeout(id);
  }) as typeof clearTimeout;
  const { timeout } = AbortSignal;
  AbortSignal.timeout = (ms) => {
    const now = performance.now();
    firing.push(now + ms);
    while (firing[fired]! <= now) fired++;
    counts.signalsMost = Math.max(counts.signalsMost, firing.length - fired);
    return timeout.call(AbortSignal, ms);
  };
  return counts;
}

const [scenario = "", count = "0"] = process.argv.slice(2);
const runs = Number(count);
const atOnce = scenario === "sequential" ? 1 : 1_000;
const counts = countTimers();
// Imported only now, so that the library uses the counting functions.
const { pipeline, step } = await import("@runsheet/runsheet");
const work = step({
  name: "work",
  timeout: TIMEOUT,
  run: (ctx: { n: number }) => Promise.resolve({ out: ctx.n }),
});
const { run } = pipeline({ name: "p", steps: [work] });

const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;
const { rss } = process.memoryUsage;
await collect();
const rssBefore = rss();
let rssPeak = rssBefore;
const heap: number[] = [];
const start = performance.now();
let pauses = 0;
for (let done = 0; done < runs;) {
  for (let n = 0; n < 1_000; n += atOnce) {
    if (atOnce === 1) await run({ n });
    else await Promise.all(Array.from({ length: atOnce }, (_, n) => run({ n })));
  }
  done += 1_000;
  rssPeak = Math.max(rssPeak, rss());
  // Not if the peak is measured, as collecting would lower it.
  if (scenario === "sequential" && done % (runs / TENTHS) === 0) {
    const before = performance.now();
    await collect();
    heap.push(megabytes(process.memoryUsage().heapUsed));
    pauses += performance.now() - before;
  }
}
const seconds = (performance.now() - start - pauses) / 1_000;
const timersLeft = counts.timersLeft();
const handlesLeft = process.versions.deno === undefined && process.versions.bun === undefined
  ? process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length
  : null;
await new Promise((resolve) => setTimeout(resolve, TIMEOUT + 500));
await collect();
const held: Held = {
  scenario,
  runs,
  seconds: Math.round(10 * seconds) / 10,
  rssBefore: megabytes(rssBefore),
  rssPeak: megabytes(rssPeak),
  heap,
  heapAfter: megabytes(process.memoryUsage().heapUsed),
  timersMost: counts.timersMost,
  timersLeft,
  signalsMost: counts.signalsMost,
  handlesLeft,
};
console.log(JSON.stringify(held));
