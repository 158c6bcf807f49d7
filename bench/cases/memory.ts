// The heap that a run uses, in flight and afterwards.
import process from "node:process";
import * as installed from "@runsheet/runsheet";
import type { ItemInfo, Pipeline } from "@runsheet/runsheet";
import { effect } from "../contenders/effect.ts";
import { checkoutAsync, handWritten } from "../contenders/hand_written.ts";
import type { Library } from "../contenders/cut.ts";
import { atTheFloor, runsheet } from "../contenders/runsheet.ts";
import { bare } from "../contenders/bare.ts";
import { collect } from "../collect.ts";
import { floor } from "../floor/floor.ts";
import type { Contender } from "../harness.ts";
import { quantile } from "../harness.ts";
import { asynchronous, type Work } from "../work.ts";

/** A contender's use of the heap, in bytes per run. */
export interface MeasuredMemory {
  readonly name: string;
  readonly inFlight: number;
  readonly leftBehind: number;
  readonly target: number | null;
  readonly met: boolean | null;
}

async function heapUsed(): Promise<number> {
  await collect();
  return process.memoryUsage().heapUsed;
}

let open = () => {};
let gate: Promise<void> = Promise.resolve();

/** The charge waits for the gate, so that all runs are in flight together. */
const gated: Work<false> = {
  ...asynchronous,
  charge: (ctx, info) => gate.then(() => asynchronous.charge(ctx, info)),
};

async function measureOne(
  { name, run, units = 1 }: Contender,
  runs: number,
  target: number | null = null,
): Promise<MeasuredMemory> {
  for (let n = 0; n < 1_000; n += units) await run();
  const inFlight: number[] = [];
  const leftBehind: number[] = [];
  for (let round = 0; round < 5; round++) {
    gate = new Promise((resolve) => open = resolve);
    const running: Promise<unknown>[] = new Array(runs);
    const before = await heapUsed();
    for (let n = 0; n < runs; n++) running[n] = run();
    inFlight.push((await heapUsed() - before) / runs / units);
    open();
    await Promise.all(running);
    running.length = 0;
    leftBehind.push((await heapUsed() - before) / runs / units);
  }
  const median = quantile(inFlight, 0.5);
  const met = target === null ? null : median <= target;
  return { name, inFlight: median, leftBehind: quantile(leftBehind, 0.5), target, met };
}

/** A run over items that all wait for the gate. */
function overItems(
  name: string,
  units: number,
  { map, pipeline }: Library = installed,
  each: (item: number, ctx: object, info: ItemInfo) => Promise<void> = () => gate,
): Contender {
  const items = Array.from({ length: units }, (_, n) => n);
  const mapped = map("out", (_ctx: object) => items, each);
  const made: unknown = pipeline({ name: "p", steps: [mapped] });
  const { run } = made as Pipeline<string, object, object>;
  return { name, run: () => run({}), outcome: () => undefined, units };
}

const withInfo = (_item: number, _ctx: object, _info: ItemInfo) => gate;

/** The same in bare async functions. */
function bareItems(units: number): Contender {
  const items = Array.from({ length: units }, (_, n) => n);
  return {
    name: "an async function, in Promise.all",
    run: () => Promise.all(items.map(async () => await gate)),
    outcome: () => undefined,
    units,
  };
}

export async function measureMemory(runs: number): Promise<MeasuredMemory[]> {
  return [
    await measureOne(runsheet(gated, {}, "a run of the checkout"), runs, 2_000),
    await measureOne({ ...atTheFloor(gated), name: "a run at the floor" }, runs),
    await measureOne(handWritten(checkoutAsync(gated)), runs),
    await measureOne(bare(gated), runs),
    await measureOne(effect(gated), runs),
    await measureOne(overItems("an item of map", runs), 1, 600),
    await measureOne(overItems("an item of map with its info", runs, installed, withInfo), 1),
    await measureOne(overItems("an item of map at the floor", runs, floor), 1),
    await measureOne(bareItems(runs), 1),
  ];
}
