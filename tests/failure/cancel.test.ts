import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import {
  AbortedError,
  type Failure,
  type Middleware,
  pipeline,
  type Result,
  type RunInfo,
  type RunOptions,
  type Schema,
  step,
} from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain, never } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { countListeners } from "../support/signals.ts";
import { boom, failAsync } from "../support/steps.ts";

const reason = new Error("the client has gone");

/** A step that logs its start and its undo, and does some work in between. */
function logged(name: string, log: string[], run: (info: RunInfo) => unknown = () => {}) {
  return step({
    name,
    run: async (_ctx, info) => {
      log.push(name);
      await run(info);
    },
    rollback: () => void log.push(`undo ${name}`),
  });
}

/** A schema that waits before it accepts everything. */
function slowSchema(wait: () => Promise<void>): Schema<object> {
  const validate = (value: unknown) => wait().then(() => ({ value: value as object }));
  return { "~standard": { version: 1, vendor: "slow", validate } };
}

/** The failure of a run that must have been cancelled for the given reason. */
function abortedBy(expected: unknown, result: Result<unknown>): Failure {
  const failure = failureOf(result);
  assert(failure.error instanceof AbortedError, failure.error.stack);
  assertEquals(failure.error.code, "ABORTED");
  assertStrictEquals(failure.error.cause, expected);
  return failure;
}

interface Runnable {
  run(args: Record<never, never>, options: RunOptions): Promise<Result<unknown>>;
}

/** Runs it until it is idle, then aborts. */
async function abortMidway(runnable: Runnable): Promise<Failure> {
  const aborter = new AbortController();
  const running = runnable.run({}, { signal: aborter.signal });
  await drain();
  aborter.abort(reason);
  return abortedBy(reason, await running);
}

describe("an abort before the start", () => {
  it("keeps everything from starting: no schema, no middleware, no step", async () => {
    const log: string[] = [];
    const { signal } = aborted();
    const schema = slowSchema(() => Promise.resolve(void log.push("schema")));
    const middleware: Middleware[] = [(_step, next) => {
      log.push("middleware");
      return next;
    }];
    const steps = [logged("a", log)];
    const p = pipeline({ name: "p", argsSchema: schema, output: schema, middleware, steps });
    const failure = abortedBy(reason, await p.run({ n: 1 }, { signal }));
    assertEquals(log, []);
    assertEquals(failure.rollback, { completed: [], failed: [] });
    assertEquals({ ...failure.meta }, { name: "p", args: { n: 1 }, stepsExecuted: [] });
    assertEquals(
      failure.error.message,
      "Cannot finish 'p' as its signal must not abort: its reason is Error: the client has gone",
    );
  });

  it("keeps a step that is run alone from starting", async () => {
    const log: string[] = [];
    abortedBy(reason, await logged("a", log).run({}, aborted()));
    assertEquals(log, []);
  });

  it("without a reason has the platform's AbortError as cause", async () => {
    const { error } = failureOf(await logged("a", []).run({}, { signal: AbortSignal.abort() }));
    assert(error.cause instanceof DOMException);
    assertEquals(error.cause.name, "AbortError");
  });

  for (const odd of ["a string", null, 0, { why: "an object" }]) {
    it(`may have ${JSON.stringify(odd)} for a reason`, async () => {
      abortedBy(odd, await logged("a", []).run({}, { signal: AbortSignal.abort(odd) }));
    });
  }

  function aborted() {
    return { signal: AbortSignal.abort(reason) };
  }
});

describe("an abort during a step", () => {
  it("ends the run at once when the step ignores its signal, and undoes earlier steps", async () => {
    const log: string[] = [];
    const steps = [logged("a", log), logged("hung", log, never), logged("c", log)];
    const failure = await abortMidway(pipeline({ name: "p", steps }));
    assertEquals(log, ["a", "hung", "undo a"]);
    assertEquals([failure.failedStep, failure.rollback.completed], ["hung", ["a"]]);
    assertEquals(failure.meta.stepsExecuted, ["a", "hung"]);
  });

  it("reaches the signal that the step sees, with the caller's reason", async () => {
    const reasons: unknown[] = [];
    const honouring = step({
      name: "honouring",
      run: (_ctx, { signal }) =>
        new Promise<void>((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason);
            reject(signal.reason);
          });
        }),
    });
    await abortMidway(honouring);
    assertEquals(reasons, [reason]);
  });

  it("is seen by a step that reads its signal only afterwards", async () => {
    const aborter = new AbortController();
    const gate = deferred();
    const seen: unknown[] = [];
    const late = logged("late", [], async (info) => {
      await gate.promise;
      seen.push(info.signal.aborted, info.signal.reason);
    });
    const running = late.run({}, { signal: aborter.signal });
    aborter.abort(reason);
    abortedBy(reason, await running);
    gate.resolve();
    await drain();
    assertEquals(seen, [true, reason]);
  });

  it("undoes, with its own output, a step that aborts the run and returns at once", async () => {
    const log: unknown[] = [];
    const aborter = new AbortController();
    const charge = step({
      name: "charge",
      run: () => {
        aborter.abort(reason);
        return { chargeId: "c1" };
      },
      rollback: (_ctx, output) => void log.push(output),
    });
    const next = step({ name: "next", run: () => void log.push("next") });
    const p = pipeline({ name: "p", steps: [charge, next] });
    const failure = abortedBy(reason, await p.run({}, { signal: aborter.signal }));
    assertEquals(log, [{ chargeId: "c1" }]);
    assertEquals(failure.rollback.completed, ["charge"]);
  });

  it("ends the run as aborted even when the step throws as it aborts, and does not call retryIf", async () => {
    const aborter = new AbortController();
    const log: string[] = [];
    const s = step({
      name: "s",
      retry: { count: 2, retryIf: () => log.push("asked") > 0 },
      run: () => {
        log.push("run");
        aborter.abort(reason);
        throw new Error("closed");
      },
    });
    abortedBy(reason, await s.run({}, { signal: aborter.signal }));
    assertEquals(log, ["run"]);
  });

  it("fails the run even in the last step, which is undone", async () => {
    const log: string[] = [];
    const aborter = new AbortController();
    const last = step({
      name: "last",
      run: () => aborter.abort(reason),
      rollback: () => void log.push("undo last"),
    });
    const p = pipeline({ name: "p", steps: [last] });
    abortedBy(reason, await p.run({}, { signal: aborter.signal }));
    assertEquals(log, ["undo last"]);
  });

  it("fails the run of a step alone, as in a pipeline", async () => {
    const log: string[] = [];
    const aborter = new AbortController();
    const s = step({
      name: "s",
      run: () => aborter.abort(reason),
      rollback: () => void log.push("undo s"),
    });
    abortedBy(reason, await s.run({}, { signal: aborter.signal }));
    assertEquals(log, ["undo s"]);
  });

  it("reaches nested pipelines, and reports their undo by path", async () => {
    const log: string[] = [];
    const steps = [logged("a", log), logged("hung", log, never)];
    const p = pipeline({ name: "p", steps: [logged("first", log), inner()] });
    const failure = await abortMidway(p);
    assertEquals(failure.failedStep, "inner/hung");
    assertEquals(failure.rollback.completed, ["inner/a", "first"]);

    function inner() {
      return pipeline({ name: "inner", timeout: 10_000, steps });
    }
  });
});

describe("an abort during a backoff", () => {
  const { fakeTime } = cleanups();

  it("ends the wait at once, and no attempt starts after it", async () => {
    const time = fakeTime();
    const aborter = new AbortController();
    let attempts = 0;
    const s = step({
      name: "s",
      retry: { count: 5, delay: 1_000 },
      run: () => Promise.reject(new Error(`no ${++attempts}`)),
    });
    const running = s.run({}, { signal: aborter.signal });
    await time.tickAsync(500);
    aborter.abort(reason);
    const failure = abortedBy(reason, await running);
    assertEquals([attempts, failure.failedStep], [1, "s"]);
    assertFalse(time.next(), "a timer was left");
  });
});

describe("an abort during a middleware", () => {
  it("keeps the step from starting when it comes before next, even if next is called", async () => {
    const log: string[] = [];
    const gate = deferred();
    const slow: Middleware = (_step, next) => async (ctx) => {
      await gate.promise;
      log.push("next");
      return next(ctx);
    };
    const p = pipeline({ name: "p", steps: [logged("a", log)], middleware: [slow] });
    const failure = await abortMidway(p);
    gate.resolve();
    await drain();
    assertEquals(log, ["next"]);
    assertEquals([failure.failedStep, failure.meta.stepsExecuted], ["a", []]);
  });

  it("undoes the step when it comes after next", async () => {
    const log: string[] = [];
    const slow: Middleware = (_step, next) => async (ctx) => {
      const result = await next(ctx);
      await never();
      return result;
    };
    const steps = [logged("a", log), logged("b", log)];
    const p = pipeline({ name: "p", steps, middleware: [slow] });
    const failure = await abortMidway(p);
    assertEquals(log, ["a", "undo a"]);
    assertEquals(failure.meta.stepsExecuted, ["a"]);
  });
});

describe("an abort during a validation", () => {
  it("of requires keeps the step from starting", async () => {
    const log: string[] = [];
    const s = step({ name: "s", requires: slowSchema(never), run: () => void log.push("s") });
    const p = pipeline({ name: "p", steps: [logged("a", log), s] });
    const failure = await abortMidway(p);
    assertEquals(log, ["a", "undo a"]);
    assertEquals([failure.failedStep, failure.meta.stepsExecuted], ["s", ["a"]]);
  });

  it("of provides undoes the step with its raw output, as the effect has happened", async () => {
    const outputs: unknown[] = [];
    const raw = { chargeId: "c1" };
    const s = step({
      name: "s",
      provides: slowSchema(never),
      run: () => raw,
      rollback: (_ctx, output) => void outputs.push(output),
    });
    await abortMidway(s);
    assertEquals(outputs, [raw]);
  });

  for (const boundary of ["argsSchema", "output"]) {
    it(`of ${boundary} ends the run`, async () => {
      const log: string[] = [];
      const schemas = { [boundary]: slowSchema(never) };
      const p = pipeline({ name: "p", steps: [logged("a", log)], ...schemas });
      const { failedStep } = await abortMidway(p);
      assertEquals(log, boundary === "output" ? ["a", "undo a"] : []);
      assertEquals(failedStep, boundary === "output" ? "<output>" : "<args>");
    });
  }
});

describe("an abort during rollback", () => {
  it("does not reach it: every handler runs to its end, with a live signal and its retries", async () => {
    const log: unknown[] = [];
    const aborter = new AbortController();
    const gate = deferred();
    const slow = step({
      name: "slow",
      run: () => {},
      rollback: {
        retry: { count: 1, delay: 1 },
        run: async (_ctx, _output, { signal, attempt }) => {
          await gate.promise;
          log.push(signal.aborted);
          if (attempt === 1) throw new Error("again");
        },
      },
    });
    const p = pipeline({ name: "p", steps: [logged("a", []), slow, failAsync] });
    const running = p.run({}, { signal: aborter.signal });
    await drain();
    aborter.abort(reason);
    gate.resolve();
    const failure = failureOf(await running);
    assertStrictEquals(failure.error, boom);
    assertEquals(log, [false, false]);
    assertEquals(failure.rollback, { completed: ["slow", "a"], failed: [] });
  });

  it("and before rollback: the handlers also have a live signal", async () => {
    const log: unknown[] = [];
    const aborter = new AbortController();
    const s = step({
      name: "s",
      run: () => aborter.abort(reason),
      rollback: (_ctx, _output, { signal, error }) => void log.push(signal.aborted, error.cause),
    });
    const p = pipeline({ name: "p", steps: [s] });
    abortedBy(reason, await p.run({}, { signal: aborter.signal }));
    assertEquals(log, [false, reason]);
  });
});

describe("the caller's signal", () => {
  const endings: Record<string, (aborter: AbortController) => unknown> = {
    "a success": () => {},
    "a failure": () => Promise.reject(boom),
    "an abort": (aborter) => aborter.abort(reason),
  };
  for (const [ending, run] of Object.entries(endings)) {
    it(`has no listener left after ${ending}`, async () => {
      const aborter = new AbortController();
      const listeners = countListeners(aborter.signal);
      let during = 0;
      const s = logged("s", [], () => {
        during = listeners();
        return run(aborter);
      });
      const steps = [pipeline({ name: "inner", timeout: 10_000, steps: [s] })];
      await pipeline({ name: "p", steps }).run({}, { signal: aborter.signal });
      assertEquals([during, listeners()], [1, 0]);
    });
  }

  it("may be shared by many runs, and an abort after the end changes nothing", async () => {
    const aborter = new AbortController();
    const { signal } = aborter;
    const log: string[] = [];
    const p = pipeline({ name: "p", steps: [logged("a", log)] });
    const results = [await p.run({}, { signal }), await p.run({}, { signal })];
    aborter.abort(reason);
    await drain();
    for (const result of results) dataOf(result);
    assertEquals(log, ["a", "a"]);
  });
});
