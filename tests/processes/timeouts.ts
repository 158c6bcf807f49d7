// Runs the scenario named by its argument, with no handle besides the engine's own, and prints its
// outcome. It ends by itself unless the engine leaves a timer.
import process from "node:process";
import { map, pipeline, type Result, step } from "@runsheet/runsheet";
import { never } from "../support/deferred.ts";
import { failAsync } from "../support/steps.ts";

const longest = 2 ** 31 - 1;
const hung = step({ name: "hung", run: never });
const fast = step({ name: "fast", timeout: longest, run: () => Promise.resolve({ n: 1 }) });

const cases: Record<string, () => Promise<Result<unknown>>> = {
  "a hung step": () => step({ name: "s", timeout: 20, run: never }).run({}),
  "a hung pipeline": () => pipeline({ name: "p", timeout: 20, steps: [hung] }).run(),
  "a hung nested pipeline": () => {
    const inner = pipeline({ name: "inner", timeout: 20, steps: [hung] });
    return pipeline({ name: "p", steps: [inner] }).run();
  },
  "a hung rollback": () => {
    const rollback = { timeout: 20, run: never };
    const done = step({ name: "done", run: () => {}, rollback });
    return pipeline({ name: "p", steps: [done, failAsync] }).run();
  },
  "a signal that times out": () =>
    pipeline({ name: "p", steps: [hung] }).run({}, { signal: AbortSignal.timeout(20) }),
  "a signal that times out among others": () => {
    const signal = AbortSignal.any([new AbortController().signal, AbortSignal.timeout(20)]);
    return map("out", () => [{}], hung).run({}, { signal });
  },
  "a rollback after a signal that timed out": () => {
    const rollback = { timeout: 20, run: never };
    const done = step({ name: "done", run: () => {}, rollback });
    const p = pipeline({ name: "p", steps: [done, hung] });
    return p.run({}, { signal: AbortSignal.timeout(20) });
  },
  "a rollback before its signal times out": () => {
    // Nothing but the signal is pending while the handler waits.
    const signal = AbortSignal.timeout(50);
    const rollback = () => new Promise((resolve) => signal.addEventListener("abort", resolve));
    const done = step({ name: "done", run: () => {}, rollback });
    return pipeline({ name: "p", steps: [done, failAsync] }).run({}, { signal });
  },
  "a fast run before its signal times out": () =>
    fast.run({}, { signal: AbortSignal.timeout(longest) }),
  "a failing run before its signal times out": () =>
    pipeline({ name: "p", steps: [fast, failAsync] }).run({}, {
      signal: AbortSignal.timeout(longest),
    }),
  "a fast step": () => fast.run({}),
  "a fast pipeline": () => pipeline({ name: "p", timeout: longest, steps: [fast] }).run(),
  "a failing pipeline": () =>
    pipeline({ name: "p", timeout: longest, steps: [fast, failAsync] }).run(),
  "an aborted wait": () => {
    const aborter = new AbortController();
    const retrying = step({
      name: "retrying",
      retry: { count: 1, delay: longest },
      run: () => {
        setTimeout(() => aborter.abort(), 1);
        throw new Error("again");
      },
    });
    return retrying.run({}, { signal: aborter.signal });
  },
};

const result = await cases[process.argv[2] ?? ""]?.();
if (!result) throw new Error(`Cannot run '${process.argv[2]}' as it must be among the cases`);
const undone = result.success ? [] : result.rollback.failed.map(({ error }) => error.name);
console.log(result.success ? "success" : [result.error.name, ...undone].join(" "));
