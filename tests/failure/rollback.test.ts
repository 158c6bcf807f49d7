import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import {
  type AnyStep,
  type Failure,
  isRunsheetError,
  pipeline,
  RetryExhaustedError,
  step,
  TimeoutError,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { dataOf, failureOf } from "../support/results.ts";
import { cleanups } from "../support/cleanup.ts";
import { never } from "../support/deferred.ts";
import { boom, fail, logged } from "../support/steps.ts";

describe("rollback", () => {
  const { fakeTime } = cleanups();

  it("undoes every completed step once, in reverse order", async () => {
    const log: string[] = [];
    const steps = [logged("a", log), logged("b", log), logged("c", log), fail];
    const failure = failureOf(await pipeline({ name: "p", steps }).run());
    assertEquals(log, ["a", "b", "c", "undo c", "undo b", "undo a"]);
    assertEquals(failure.rollback, { completed: ["c", "b", "a"], failed: [] });
  });

  it("undoes nothing when the run succeeds", async () => {
    const log: string[] = [];
    dataOf(await pipeline({ name: "p", steps: [logged("a", log)] }).run());
    assertEquals(log, ["a"]);
  });

  it("does not undo the step that failed, as it has no output", async () => {
    let undone = false;
    const failing = step({
      name: "failing",
      run: () => Promise.reject(boom),
      rollback: () => {
        undone = true;
      },
    });
    const failure = failureOf(await failing.run({}));
    assertFalse(undone);
    assertEquals(failure.rollback, { completed: [], failed: [] });
  });

  it("gives the handler the context that run saw and the output that was added to it", async () => {
    const seen: unknown[] = [];
    const given: unknown[] = [];
    const a = step({
      name: "a",
      requires: type({ n: "string.numeric.parse" }),
      provides: type({ day: "string.date.parse" }),
      run: (ctx) => {
        seen.push(ctx);
        return { day: "2026-11-23" };
      },
      rollback: (ctx, output) => {
        seen.push(ctx);
        given.push(output);
      },
    });
    const look = step({
      name: "look",
      run: (ctx: { day: Date }) => {
        given.push(ctx.day);
      },
    });
    await pipeline({ name: "p", steps: [a, look, fail] }).run({ n: "5" });
    assertEquals(seen[0], { n: 5 });
    assertStrictEquals(seen[1], seen[0]);
    assertStrictEquals((given[1] as { day: Date }).day, given[0]);
    assert(Object.isFrozen(given[1]));
  });

  it("gives the handler the reason for the rollback, the number of its attempt, and its key", async () => {
    const infos: unknown[] = [];
    const a = step({
      name: "a",
      run: () => {},
      rollback: (_ctx, _output, { error, attempt, key, signal }) => {
        infos.push([error, attempt, key, signal.aborted]);
      },
    });
    await pipeline({ name: "p", steps: [a, fail] }).run({}, { runId: "r1" });
    assertEquals(infos, [[boom, 1, "r1/p/a!undo", false]]);
  });

  it("continues with the rest when a handler throws, and lists it as failed", async () => {
    const log: string[] = [];
    const stuck = new Error("stuck");
    const b = step({
      name: "b",
      run: () => {},
      rollback: () => {
        throw stuck;
      },
    });
    const steps = [logged("a", log), b, logged("c", log), fail];
    const failure = failureOf(await pipeline({ name: "p", steps }).run());
    assertEquals(failure.rollback.completed, ["c", "a"]);
    assertEquals(failure.rollback.failed, [{ step: "b", error: stuck }]);
    assertStrictEquals(failure.error, boom);
  });

  it("retries a handler by its own retry policy", async () => {
    const keys: string[] = [];
    const a = step({
      name: "a",
      run: () => {},
      rollback: {
        retry: { count: 2 },
        run: (_ctx, _output, { key, attempt }) => {
          keys.push(key);
          if (attempt < 3) throw new Error("not yet");
        },
      },
    });
    const failure = failureOf(
      await pipeline({ name: "p", steps: [a, fail] }).run({}, { runId: "r" }),
    );
    assertEquals(failure.rollback.completed, ["a"]);
    assertEquals(keys, Array(3).fill("r/p/a!undo"));
  });

  it("lists a handler whose retries are exhausted with every error", async () => {
    const a = step({
      name: "a",
      run: () => {},
      rollback: {
        retry: { count: 1 },
        run: (_ctx, _output, { attempt }) => Promise.reject(new Error(`no ${attempt}`)),
      },
    });
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [a, fail] }).run());
    const [first] = rollback.failed;
    assertInstanceOf(first?.error, RetryExhaustedError);
    assertEquals(first.error.errors.map(({ message }) => message), ["no 1", "no 2"]);
  });

  it("gives up a handler that hangs after its timeout, and undoes the rest", async () => {
    const time = fakeTime();
    const log: string[] = [];
    const hung = step({
      name: "hung",
      run: () => {},
      rollback: { timeout: 1_000, run: never },
    });
    const running = pipeline({ name: "p", steps: [logged("a", log), hung, fail] }).run();
    await time.tickAsync(999);
    assertEquals(log, ["a"]);
    await time.tickAsync(1);
    const { rollback } = failureOf(await running);
    assertEquals(log, ["a", "undo a"]);
    assertInstanceOf(rollback.failed[0]?.error, TimeoutError);
    assertEquals(rollback.failed[0].error.timeoutMs, 1_000);
  });

  it("names the handlers of nested pipelines by their paths", async () => {
    const log: string[] = [];
    const inner = pipeline({ name: "inner", steps: [logged("a", log), logged("b", log)] });
    const middle = pipeline({ name: "middle", steps: [inner, logged("c", log)] });
    const steps = [logged("first", log), middle, fail];
    const { rollback } = failureOf(await pipeline({ name: "outer", steps }).run());
    assertEquals(rollback.completed, ["middle/c", "middle/inner/b", "middle/inner/a", "first"]);
  });

  it("distinguishes a step that occurs twice among its siblings", async () => {
    const log: string[] = [];
    const a = logged("a", log);
    const failure = failureOf(await pipeline({ name: "p", steps: [a, a, a, fail] }).run());
    assertEquals(failure.rollback.completed, ["a#3", "a#2", "a"]);
    assertEquals(failure.meta.stepsExecuted, ["a", "a#2", "a#3", "fail"]);
  });
});

describe("the trigger of a rollback", () => {
  const log: string[] = [];
  const a = logged("a", log);
  const cases: Record<string, () => Promise<Failure>> = {
    "a later step's failure": () => failingRun([a, fail]),
    "the args of a nested pipeline": () =>
      failingRun([
        a,
        pipeline({ name: "inner", argsSchema: type({ missing: "string" }), steps: [] }),
      ]),
    "the output of a nested pipeline": () =>
      // @ts-expect-error output needs { missing: string } which no step provides
      failingRun([a, pipeline({ name: "inner", steps: [], output: type({ missing: "string" }) })]),
    "a step's requires": () =>
      failingRun([a, step({ name: "b", requires: type({ missing: "string" }), run: () => {} })]),
    "a retryIf that throws": () =>
      failingRun([
        a,
        step({
          name: "b",
          retry: {
            count: 1,
            retryIf: () => {
              throw new Error("bad predicate");
            },
          },
          run: () => Promise.reject(boom),
        }),
      ]),
    "the pipeline's own output": async () =>
      failureOf(
        // @ts-expect-error output needs { missing: string } which no step provides
        await pipeline({ name: "p", steps: [a], output: type({ missing: "string" }) }).run(),
      ),
    "a middleware": async () =>
      failureOf(
        await pipeline({
          name: "p",
          steps: [a],
          middleware: [(_step, next) => async (ctx) => {
            await next(ctx);
            throw boom;
          }],
        }).run(),
      ),
  };

  async function failingRun(steps: readonly AnyStep[]): Promise<Failure> {
    return failureOf(await pipeline({ name: "p", steps }).run());
  }

  for (const [trigger, run] of Object.entries(cases)) {
    it(`is ${trigger}`, async () => {
      log.length = 0;
      const { rollback } = await run();
      assertEquals(log, ["a", "undo a"]);
      assertEquals(rollback, { completed: ["a"], failed: [] });
    });
  }

  it("is a provides mismatch, whose own handler gets the raw output", async () => {
    const outputs: unknown[] = [];
    const raw = { chargeId: 42 };
    const charge = step({
      name: "charge",
      provides: type({ chargeId: "string" }),
      // @ts-expect-error chargeId is a string
      run: () => raw,
      rollback: (_ctx, output) => {
        outputs.push(output);
      },
    });
    const failure = failureOf(await pipeline({ name: "p", steps: [charge] }).run());
    assert(isRunsheetError(failure.error, "PROVIDES_VALIDATION"));
    assertStrictEquals(outputs[0], raw);
    assertEquals(failure.rollback.completed, ["charge"]);
  });
});
