// Pipelines of many steps without schemas. Each step overwrites the key of the previous one, or
// adds its own.
import * as installed from "@runsheet/runsheet";
import type { Pipeline, Result, RunMeta } from "@runsheet/runsheet";
import { Effect } from "effect";
import type { Library } from "../contenders/cut.ts";
import { effectOf, outcomeOf } from "../contenders/effect.ts";
import { type Undo, unwind } from "../contenders/hand_written.ts";
import { dataOf, summary } from "../contenders/runsheet.ts";
import { floor } from "../floor/floor.ts";
import type { Case, Contender } from "../harness.ts";
import { undo } from "../work.ts";

type Ctx = Readonly<Record<string, number>>;
type Run = (ctx: Ctx) => Promise<Ctx>;

function works(count: number, growing: boolean): Run[] {
  return Array.from({ length: count }, (_, n) => {
    const key = growing ? `key${n}` : "key";
    return (ctx) => Promise.resolve({ n: ctx.n! + 1, [key]: ctx.n! });
  });
}

function ours(
  runs: readonly Run[],
  { pipeline, step }: Library = installed,
): (args: Ctx) => Promise<Result<object>> {
  const steps = runs.map((run, n) =>
    step({ name: `step${n}`, run, rollback: (_ctx: Ctx, output: Ctx) => undo(output) })
  );
  const made: unknown = pipeline({ name: "checkout", steps });
  return (made as Pipeline<string, Ctx, object>).run;
}

function byHand(runs: readonly Run[]): (args: Ctx) => Promise<Result<object>> {
  const steps = runs.map((run, n) => ({ name: `step${n}`, run }));
  return async (given) => {
    const args = Object.freeze({ ...given });
    const executed: string[] = [];
    const undos: Undo[] = [];
    let at = "<args>";
    try {
      let ctx = args;
      for (const { name, run } of steps) {
        at = name;
        executed.push(name);
        const output = Object.freeze({ ...await run(ctx) });
        undos.push({ step: name, run: () => undo(output) });
        ctx = Object.freeze({ ...ctx, ...output });
      }
      const meta = Object.freeze({
        name: "checkout",
        args,
        stepsExecuted: Object.freeze(executed),
      });
      return Object.freeze({ success: true, data: ctx, meta: meta as unknown as RunMeta });
    } catch (error) {
      return await unwind(error, at, undos, args, executed);
    }
  };
}

function bare(runs: readonly Run[]): (args: Ctx) => Promise<Ctx> {
  return async (args) => {
    const ctx = { ...args };
    for (const run of runs) Object.assign(ctx, await run(ctx));
    return ctx;
  };
}

function inEffect(runs: readonly Run[]): (args: Ctx) => Promise<unknown> {
  const program = (args: Ctx) =>
    Effect.scoped(Effect.gen(function* () {
      let ctx: Ctx = Object.freeze({ ...args });
      for (const run of runs) {
        const before = ctx;
        const output: Ctx = yield* Effect.acquireRelease(
          effectOf(() => run(before), false),
          (output, exit) => exit._tag === "Failure" ? Effect.sync(() => undo(output)) : Effect.void,
        );
        ctx = Object.freeze({ ...ctx, ...output });
      }
      return ctx;
    }));
  return (args) => Effect.runPromiseExit(program(args));
}

function contender(name: string, run: (args: Ctx) => Promise<unknown>, units: number): Contender {
  const outcome = name === "Effect" ? outcomeOf : name === "bare awaits" ? same : dataOf;
  const detail = outcome === dataOf ? { detail: summary } : {};
  return { name, run: () => run({ n: 0 }), outcome, ...detail, units };
}

const same = (data: unknown) => data;

const sizes = [10, 100, 1_000];

function sideBySide(growing: boolean): Case[] {
  return sizes.map((count) => {
    const runs = works(count, growing);
    return {
      name: `${count} steps, ${growing ? "growing context" : "same keys"} (per step)`,
      contenders: [
        contender("runsheet", ours(runs), count),
        contender("floor", ours(runs, floor), count),
        contender("hand-written", byHand(runs), count),
        contender("bare awaits", bare(runs), count),
        contender("Effect", inEffect(runs), count),
      ],
      targets: { ...(growing && { "hand-written": 1.1 }), Effect: 1 },
      large: growing && count > 100,
    };
  });
}

/** The cost of a step in a long pipeline relative to one in a short pipeline. */
function scaling(growing: boolean): Case {
  const of = (count: number): Contender => ({
    ...contender(`${count} steps`, ours(works(count, growing)), count),
    outcome: (result) => (result as Result<object>).success,
    detail: (result) => (result as Result<object>).success,
  });
  return {
    name: `a step's cost by the length, ${growing ? "growing context" : "same keys"}`,
    contenders: sizes.toReversed().map(of),
    targets: { "10 steps": 3 },
    large: growing,
  };
}

export const cases: readonly Case[] = [
  ...sideBySide(false),
  ...sideBySide(true),
  scaling(false),
  scaling(true),
];
