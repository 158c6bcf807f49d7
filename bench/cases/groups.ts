// Concurrent steps and items.
import * as installed from "@runsheet/runsheet";
import type { ItemInfo, Pipeline, Result, RunMeta } from "@runsheet/runsheet";
import { Effect } from "effect";
import pMap from "p-map";
import type { Library } from "../contenders/cut.ts";
import { effectOf, outcomeOf } from "../contenders/effect.ts";
import { dataOf, summary } from "../contenders/runsheet.ts";
import { floor } from "../floor/floor.ts";
import type { Case, Contender } from "../harness.ts";

type Ctx = { readonly n: number };
const LIMIT = 10;

const branches = ["a", "b", "c", "d", "e"].map((key) => (ctx: Ctx) =>
  Promise.resolve({ [key]: ctx.n })
);

export function inPipeline(
  name: string,
  { parallel, pipeline, step }: Library = installed,
): Contender {
  const [first, ...others] = branches.map((run, n) => step({ name: `branch${n}`, run }));
  const made: unknown = pipeline({ name: "p", steps: [parallel(first!, ...others)] });
  const { run } = made as Pipeline<string, Ctx, object>;
  return { name, run: () => run({ n: 1 }), outcome: dataOf, detail: summary };
}

function parallelOfFive(): Case {
  const byHand = async (given: Ctx): Promise<Result<object>> => {
    const args = Object.freeze({ ...given });
    const outputs = await Promise.all(branches.map((branch) => branch(args)));
    const copies = outputs.map((output) => Object.freeze({ ...output }));
    const data = Object.freeze(Object.assign({ ...args }, ...copies));
    const meta = Object.freeze({ name: "p", args, stepsExecuted: Object.freeze(["parallel"]) });
    return Object.freeze({ success: true, data, meta: meta as unknown as RunMeta });
  };
  const bare = async (args: Ctx) =>
    Object.assign({ ...args }, ...await Promise.all(branches.map((branch) => branch(args))));
  const inEffect = (args: Ctx) =>
    Effect.runPromiseExit(Effect.map(
      Effect.all(branches.map((branch) => effectOf(() => branch(args), false)), {
        concurrency: "unbounded",
      }),
      (outputs) => Object.freeze(Object.assign({ ...args }, ...outputs)),
    ));
  return {
    name: "parallel of 5",
    contenders: [
      inPipeline("runsheet"),
      inPipeline("floor", floor),
      { name: "hand-written", run: () => byHand({ n: 1 }), outcome: dataOf },
      { name: "bare Promise.all", run: () => bare({ n: 1 }), outcome: (data) => data },
      { name: "Effect", run: () => inEffect({ n: 1 }), outcome: outcomeOf },
    ],
    targets: { "hand-written": 1.6, Effect: 1 },
  };
}

const double = (item: number) => Promise.resolve(item * 2);
/** One that may defer an undo and read a signal. */
const doubleWithInfo = (item: number, _ctx: Ctx, _info: ItemInfo) => double(item);

export function mapped(
  name: string,
  items: readonly number[],
  options: { readonly concurrency?: number },
  { map, pipeline }: Library = installed,
  each: (item: number, ctx: Ctx, info: ItemInfo) => Promise<number> = double,
): Contender {
  const doubles = map("out", (_ctx: Ctx) => items, each, options);
  const made: unknown = pipeline({ name: "p", steps: [doubles] });
  const { run } = made as Pipeline<string, Ctx, { out: number[] }>;
  const outcome = (result: unknown) => (dataOf(result) as { out: number[] }).out;
  return { name, run: () => run({ n: 1 }), outcome, detail: summary };
}

function overItems(count: number, limited: boolean): Case {
  const items = Array.from({ length: count }, (_, n) => n);
  const options = limited ? { concurrency: LIMIT } : {};
  const each = Effect.forEach(items, (item) => effectOf(() => double(item), false), {
    concurrency: limited ? LIMIT : "unbounded",
  });
  const peer: Contender = limited
    ? {
      name: "p-map",
      run: () => pMap(items, double, { concurrency: LIMIT }),
      outcome: (out) => out,
    }
    : { name: "Promise.all", run: () => Promise.all(items.map(double)), outcome: (out) => out };
  return {
    name: `map over ${count} items, ${limited ? `${LIMIT} at a time` : "no limit"} (per item)`,
    contenders: [
      mapped("runsheet", items, options),
      ...limited ? [] : [
        mapped("floor", items, options, floor),
        mapped("with its info", items, options, installed, doubleWithInfo),
      ],
      peer,
      { name: "Effect", run: () => Effect.runPromiseExit(each), outcome: outcomeOf },
    ].map((contender) => ({ ...contender, units: count })),
    large: count > 1_000,
    targets: limited ? { "p-map": 1.2, Effect: 1 } : { "Promise.all": 2.5, Effect: 1 },
  };
}

export const cases: readonly Case[] = [
  parallelOfFive(),
  overItems(1_000, false),
  overItems(1_000, true),
  overItems(100_000, false),
  overItems(100_000, true),
];
