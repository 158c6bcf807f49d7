import { type Context, isRunsheetError, pipeline, type RunOptions, step } from "@runsheet/runsheet";
import type { Watcher } from "@runsheet/runsheet/observe";
import { ticks } from "./collections.ts";
import { build, type Leaf, type Tree } from "./random_combinators.ts";

/** Runs a tree of combinators, and returns everything observable about it, in order. */
export async function observedTree(tree: Tree, observer: Watcher | undefined): Promise<unknown> {
  const log: string[] = [];
  const play = (leaf: Leaf) => {
    const undo = (key: string) => {
      log.push(`undo ${key}`);
      if (leaf.undoFails) throw new Error(`undo of ${key}`);
    };
    return step({
      name: `s${leaf.id}`,
      retry: { count: leaf.retries },
      async run(_ctx: Context, { key, attempt, defer }) {
        log.push(`start ${key}@${attempt}`);
        await ticks(leaf.ticks);
        log.push(`end ${key}@${attempt}`);
        if (attempt <= leaf.failures) throw new Error(`failure of ${key}`);
        if (leaf.undo === "defer") defer(() => undo(key));
        return { [`s${leaf.id}`]: leaf.id };
      },
      ...(leaf.undo === "rollback" && {
        rollback: (_ctx: Context, _output: Context, info: { effectKey: string }) =>
          undo(info.effectKey),
      }),
    });
  };
  const watches: Promise<unknown>[] = [];
  const late: RunOptions = {
    waitUntil: (watch) => void watches.push(watch),
    onLate: ({ step, attempt, outcome }) => void log.push(`${step}@${attempt} ${outcome}`),
  };
  const p = pipeline({ name: "p", steps: [build(tree, play, new Map(), late)] });
  const result = await p.run({ list: [1, 2] } as never, { ...late, runId: "r", observer });
  await Promise.all(watches);
  if (result.success) {
    // An error as its text: the frames of its stack may differ.
    const data = JSON.stringify(
      result.data,
      (_key, value) => value instanceof Error ? errorText(value) : value,
    );
    return { data, meta: result.meta.stepsExecuted, log };
  }
  const { error, failedStep, rollback: { completed, failed }, meta } = result;
  return {
    error: errorText(error),
    failedStep,
    completed,
    failed: failed.map(({ step, error }) => `${step}: ${error.message}`),
    meta: meta.stepsExecuted,
    log,
  };
}

function errorText(error: Error): string {
  return isRunsheetError(error) ? `${error.code}: ${error.message}` : error.message;
}
