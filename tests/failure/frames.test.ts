// The stack of an error that is thrown after an await leads to the caller of run(): the engine
// awaits user code so that runtimes can follow it.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  type AnyStep,
  choice,
  distribute,
  filter,
  flatMap,
  isRunsheetError,
  map,
  type Middleware,
  parallel,
  pipeline,
  type Result,
  type RunOptions,
  type Step,
  step,
  when,
} from "@runsheet/runsheet";

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

async function thrower(): Promise<never> {
  await turn();
  throw new Error("boom");
}

const leaf = (policy = {}) => step({ name: "leaf", run: thrower, ...policy });
const around = (steps: readonly AnyStep[], options = {}) => {
  const made: unknown = pipeline({ name: "p", steps, ...options } as never);
  return made as Run;
};
const passing: Middleware = (_step, next) => async (ctx) => await next(ctx);
const quick = step({ name: "quick", run: () => ({ n: 1 }) });

/** Anything that runs, whatever its types. */
type Run = AnyStep & { run(args?: object, options?: RunOptions): Promise<Result<unknown>> };

// Made in the test: outside of it workerd makes no signal.
const uncancelled = () => ({ signal: new AbortController().signal });

const cases: Record<string, { step: Run; options?: () => RunOptions }> = {
  "a step alone": { step: leaf() as Run },
  "a pipeline": { step: around([leaf()]) },
  "a later step": { step: around([quick, leaf()]) },
  "a step with a timeout": { step: around([leaf({ timeout: 10_000 })]) },
  "a pipeline with a timeout": { step: around([leaf()], { timeout: 10_000 }) },
  "a run with a signal": { step: around([leaf()]), options: uncancelled },
  "a middleware": { step: around([leaf()], { middleware: [passing, passing] }) },
  "a middleware, timeouts and a signal": {
    step: around([leaf({ timeout: 10_000 })], { middleware: [passing], timeout: 10_000 }),
    options: uncancelled,
  },
  "parallel": { step: around([parallel(quick, leaf())]) },
  "parallel with a limit": { step: around([parallel.with({ concurrency: 1 })(quick, leaf())]) },
  "map": { step: around([map("out", () => [1], thrower)]) },
  "map with a limit": {
    step: around([
      map("out", () => [1, 2, 3], (item) => item === 3 ? thrower() : turn(), { concurrency: 1 }),
    ]),
  },
  "map of a step": { step: around([map("out", () => [{ n: 1 }], leaf())]) },
  "filter": { step: around([filter("out", () => [1], thrower)]) },
  "flatMap": { step: around([flatMap("out", () => [1], thrower)]) },
  "distribute": {
    step: around([
      step({ name: "list", run: () => ({ all: [1] }) }),
      distribute("out", { all: "one" }, leaf() as Step<"leaf", { one: number }, object>),
    ]),
  },
  "when": { step: around([when(() => true, leaf())]) },
  "choice": { step: around([choice([() => true, leaf()])]) },
  "nested pipelines": { step: around([around([around([leaf()])])]) },
  "nested pipelines with timeouts": {
    step: around([around([leaf({ timeout: 10_000 })], { timeout: 10_000 })], {
      timeout: 10_000,
    }),
  },
  "a retry": { step: around([leaf({ retry: { count: 1 } })]) },
  "a retry after a wait": {
    step: around([leaf({ retry: { count: 1, delay: 1 }, timeout: 10_000 })]),
  },
};

/**
 * JavaScriptCore follows an `await` as V8 does, but no promise that is resolved by another one's
 * `then`, which is how a middleware is awaited, and a call that may be given up.
 */
const lostOnBun = [
  "a step with a timeout",
  "a pipeline with a timeout",
  "a run with a signal",
  "a middleware",
  "a middleware, timeouts and a signal",
  "nested pipelines with timeouts",
  "a retry after a wait",
];

describe("the stack of an error leads to the caller of run() through", () => {
  for (const [name, { step, options }] of Object.entries(cases)) {
    it(name, async () => {
      async function callerOfRun() {
        return await step.run({}, options?.());
      }
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = 50;
      try {
        const result = await callerOfRun();
        assert(!result.success);
        const { error } = result;
        const thrown = isRunsheetError(error, "RETRY_EXHAUSTED")
          ? error.lastError
          : isRunsheetError(error, "PREDICATE")
          ? error.cause as Error
          : error;
        assertEquals(thrown.message, "boom");
        const isLost = "Bun" in globalThis && lostOnBun.includes(name);
        assertEquals(thrown.stack?.includes("callerOfRun"), !isLost, thrown.stack);
      } finally {
        Error.stackTraceLimit = stackTraceLimit;
      }
    });
  }
});
