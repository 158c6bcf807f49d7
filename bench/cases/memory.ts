// The heap that a run uses, in flight and afterwards.
import process from "node:process";
import { effect } from "../contenders/effect.ts";
import { checkoutAsync, handWritten } from "../contenders/hand_written.ts";
import { runsheet } from "../contenders/runsheet.ts";
import { bare } from "../contenders/bare.ts";
import { collect } from "../collect.ts";
import type { Contender } from "../harness.ts";
import { quantile } from "../harness.ts";
import { asynchronous, type Work } from "../work.ts";

/** A contender's use of the heap, in bytes per run. */
export interface MeasuredMemory {
  readonly name: string;
  readonly inFlight: number;
  readonly leftBehind: number;
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

async function measureOne({ name, run }: Contender, runs: number): Promise<MeasuredMemory> {
  for (let n = 0; n < 1_000; n++) await run();
  const inFlight: number[] = [];
  const leftBehind: number[] = [];
  for (let round = 0; round < 5; round++) {
    gate = new Promise((resolve) => open = resolve);
    const running: Promise<unknown>[] = new Array(runs);
    const before = await heapUsed();
    for (let n = 0; n < runs; n++) running[n] = run();
    inFlight.push((await heapUsed() - before) / runs);
    open();
    await Promise.all(running);
    running.length = 0;
    leftBehind.push((await heapUsed() - before) / runs);
  }
  return { name, inFlight: quantile(inFlight, 0.5), leftBehind: quantile(leftBehind, 0.5) };
}

export async function measureMemory(runs: number): Promise<MeasuredMemory[]> {
  const contenders = [
    runsheet(gated),
    handWritten(checkoutAsync(gated)),
    bare(gated),
    effect(gated),
  ];
  const measured: MeasuredMemory[] = [];
  for (const contender of contenders) measured.push(await measureOne(contender, runs));
  return measured;
}
