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
  isRunsheetError,
  pipeline,
  RetryExhaustedError,
  step,
  TimeoutError,
} from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain, never } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { countListeners, watchTimers } from "../support/signals.ts";
import { spawnScript } from "../support/spawn.ts";
import { boom, failAsync } from "../support/steps.ts";

const hung = step({ name: "hung", run: never });
const done = step({ name: "done", run: () => {}, rollback: () => {} });

/** Waits for its signal to abort, and returns the reason. */
function untilAbort(reasons: unknown[]) {
  return step({
    name: "untilAbort",
    run: (_ctx, { signal }) =>
      new Promise<void>((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
      }),
  });
}

describe("the timeout of a step", () => {
  const { fakeTime } = cleanups();

  it("fails the run at its exact millisecond, and does not wait for a step that ignores its signal", async () => {
    const time = fakeTime();
    let settled = false;
    const running = step({ name: "s", timeout: 50, run: never }).run({});
    running.then(() => settled = true);
    await time.tickAsync(49);
    await drain();
    assertFalse(settled);
    await time.tickAsync(1);
    const { error, failedStep } = failureOf(await running);
    assertInstanceOf(error, TimeoutError);
    assert(isRunsheetError(error, "TIMEOUT"));
    assertEquals(error.timeoutMs, 50);
    assertEquals(
      error.message,
      "Cannot finish 's' as it must settle within 50 ms: it is still pending",
    );
    assertEquals(failedStep, "s");
  });

  it("does not touch a step that settles in time", async () => {
    const time = fakeTime();
    const gate = deferred<{ n: number }>();
    const running = step({ name: "s", timeout: 50, run: () => gate.promise }).run({});
    await time.tickAsync(49);
    gate.resolve({ n: 1 });
    assertEquals(dataOf(await running), { n: 1 });
  });

  it("aborts the signal that the step sees, with the TimeoutError as its reason", async () => {
    const time = fakeTime();
    const signals: AbortSignal[] = [];
    const s = step({
      name: "s",
      timeout: 50,
      run: (_ctx, { signal }) => {
        signals.push(signal);
        return never();
      },
    });
    const running = s.run({});
    await time.tickAsync(49);
    assertEquals(signals.map(({ aborted }) => aborted), [false]);
    await time.tickAsync(1);
    assertStrictEquals(signals[0]?.reason, failureOf(await running).error);
  });

  it("is the error even when the step rejects with something else once its signal aborts", async () => {
    const time = fakeTime();
    const s = step({
      name: "s",
      timeout: 50,
      run: (_ctx, { signal }) =>
        new Promise<void>((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("closed")));
        }),
    });
    const running = s.run({});
    await time.tickAsync(50);
    assert(isRunsheetError(failureOf(await running).error, "TIMEOUT"));
  });

  it("undoes the steps before it", async () => {
    const time = fakeTime();
    const slow = step({ name: "slow", timeout: 50, run: never });
    const running = pipeline({ name: "p", steps: [done, slow] }).run();
    await time.tickAsync(50);
    const failure = failureOf(await running);
    assertEquals([failure.failedStep, failure.rollback.completed], ["slow", ["done"]]);
    assertEquals(failure.meta.stepsExecuted, ["done", "slow"]);
  });

  it("applies to each attempt, and not to the waits between them", async () => {
    const time = fakeTime();
    const starts: number[] = [];
    const s = step({
      name: "s",
      timeout: 50,
      retry: { count: 2, delay: 100 },
      run: () => {
        starts.push(time.now - time.start);
        return never();
      },
    });
    const running = s.run({});
    for (const ms of [50, 100, 50, 200, 50]) {
      await drain();
      await time.tickAsync(ms);
    }
    const { error } = failureOf(await running);
    assertEquals(starts, [0, 150, 400]);
    assertInstanceOf(error, RetryExhaustedError);
    assertEquals(error.attempts, 3);
    assert(error.errors.every((each) => isRunsheetError(each, "TIMEOUT")));
    assertEquals(new Set(error.errors).size, 3);
  });

  it("may be followed by a retry that succeeds", async () => {
    const time = fakeTime();
    const s = step({
      name: "s",
      timeout: 50,
      retry: { count: 1 },
      run: (_ctx, { attempt }) => attempt === 1 ? never() : Promise.resolve(),
    });
    const running = s.run({});
    await time.tickAsync(50);
    dataOf(await running);
  });

  it("can be recognized by retryIf, which may stop there", async () => {
    const time = fakeTime();
    const retryIf = ([first]: readonly Error[]) => !isRunsheetError(first, "TIMEOUT");
    const running = step({ name: "s", timeout: 5, retry: { count: 3, retryIf }, run: never }).run(
      {},
    );
    await time.tickAsync(5);
    assert(isRunsheetError(failureOf(await running).error, "TIMEOUT"));
  });

  for (const name of ["TimeoutError", "AbortError"]) {
    for (const timeout of [undefined, 50]) {
      const limit = timeout === undefined ? "no timeout" : "a timeout";
      it(`lets the user's own ${name} through as it is, with ${limit} of the step's`, async () => {
        fakeTime();
        const theirs = new DOMException("the user's own", name);
        const aborter = new AbortController();
        const s = step({ name: "s", timeout, run: () => Promise.reject(theirs) });
        const failure = failureOf(await s.run({}, { signal: aborter.signal }));
        assertStrictEquals(failure.error, theirs);
      });
    }
  }
});

describe("the timeout of a pipeline", () => {
  const { fakeTime } = cleanups();

  it("ends it during a step, which sees the TimeoutError as its signal's reason", async () => {
    const time = fakeTime();
    const reasons: unknown[] = [];
    const p = pipeline({ name: "p", timeout: 100, steps: [done, untilAbort(reasons)] });
    const running = p.run();
    await drain();
    await time.tickAsync(100);
    const { error, failedStep, rollback } = failureOf(await running);
    assertInstanceOf(error, TimeoutError);
    assertEquals(error.timeoutMs, 100);
    assertEquals(
      error.message,
      "Cannot finish pipeline 'p' as it must settle within 100 ms: it is still pending",
    );
    assertStrictEquals(reasons[0], error);
    assertEquals([failedStep, rollback.completed], ["untilAbort", ["done"]]);
  });

  it("ends it between two steps: the next one does not start", async () => {
    const time = fakeTime();
    const log: string[] = [];
    const slow = step({
      name: "slow",
      run: () => time.tick(100),
      rollback: () => void log.push("undo slow"),
    });
    const next = step({ name: "next", run: () => void log.push("next") });
    const result = await pipeline({ name: "p", timeout: 100, steps: [slow, next] }).run();
    assert(isRunsheetError(failureOf(result).error, "TIMEOUT"));
    assertEquals(log, ["undo slow"]);
  });

  it("counts all its steps together", async () => {
    const time = fakeTime();
    const gates = [deferred(), deferred()];
    const steps = gates.map(({ promise }, n) => step({ name: `s${n}`, run: () => promise }));
    const running = pipeline({ name: "p", timeout: 100, steps }).run();
    await time.tickAsync(60);
    gates[0]?.resolve();
    await time.tickAsync(39);
    await drain();
    await time.tickAsync(1);
    assertEquals(failureOf(await running).failedStep, "s1");
  });

  it("ends a wait for a retry at once", async () => {
    const time = fakeTime();
    let attempts = 0;
    const s = step({
      name: "s",
      retry: { count: 5, delay: 1_000 },
      run: () => Promise.reject(new Error(`no ${++attempts}`)),
    });
    const running = pipeline({ name: "p", timeout: 100, steps: [s] }).run();
    await drain();
    await time.tickAsync(100);
    assert(isRunsheetError(failureOf(await running).error, "TIMEOUT"));
    assertEquals(attempts, 1);
    assertFalse(time.next(), "a timer was left");
  });

  it("of a nested one fails the parent, which undoes its own steps, too", async () => {
    const time = fakeTime();
    const inner = pipeline({ name: "inner", timeout: 100, steps: [done, hung] });
    const running = pipeline({ name: "p", steps: [done, inner] }).run();
    await drain();
    await time.tickAsync(100);
    const { error, failedStep, rollback } = failureOf(await running);
    assertInstanceOf(error, TimeoutError);
    assertEquals(error.timeoutMs, 100);
    assertEquals(failedStep, "inner/hung");
    assertEquals(rollback.completed, ["inner/done", "done"]);
  });

  it("also ends nested ones", async () => {
    const time = fakeTime();
    const reasons: unknown[] = [];
    const inner = pipeline({ name: "inner", timeout: 500, steps: [done, untilAbort(reasons)] });
    const running = pipeline({ name: "p", timeout: 100, steps: [inner] }).run();
    await drain();
    await time.tickAsync(100);
    const { error, rollback } = failureOf(await running);
    assertInstanceOf(error, TimeoutError);
    assertEquals([error.timeoutMs, rollback.completed], [100, ["inner/done"]]);
    assertStrictEquals(reasons[0], error);
  });

  it("does not count the rollback", async () => {
    const time = fakeTime();
    const gate = deferred();
    const slowUndo = step({ name: "slowUndo", run: () => {}, rollback: () => gate.promise });
    const running = pipeline({ name: "p", timeout: 100, steps: [slowUndo, hung] }).run();
    await drain();
    await time.tickAsync(100);
    await time.tickAsync(10_000);
    gate.resolve();
    assertEquals(failureOf(await running).rollback, { completed: ["slowUndo"], failed: [] });
  });

  it("does not end the rollback of another failure", async () => {
    const time = fakeTime();
    const gate = deferred();
    const aborted: boolean[] = [];
    const slowUndo = step({
      name: "slowUndo",
      run: () => {},
      rollback: async (_ctx, _output, { signal }) => {
        await gate.promise;
        aborted.push(signal.aborted);
      },
    });
    const running = pipeline({ name: "p", timeout: 100, steps: [slowUndo, failAsync] }).run();
    await drain();
    await time.tickAsync(200);
    gate.resolve();
    const failure = failureOf(await running);
    assertStrictEquals(failure.error, boom);
    assertEquals([failure.rollback.completed, aborted], [["slowUndo"], [false]]);
  });
});

describe("a timeout leaves nothing behind", () => {
  const cleanup = cleanups();
  const settle: Record<string, () => AnyStep> = {
    "a success": () => step({ name: "s", timeout: 10_000, run: () => Promise.resolve() }),
    "a success at once": () => step({ name: "s", timeout: 10_000, run: () => {} }),
    "a failure": () => step({ name: "s", timeout: 10_000, run: () => Promise.reject(Error()) }),
    "a timeout": () => step({ name: "s", timeout: 1, run: never }),
    "retries": () =>
      step({ name: "s", timeout: 1, retry: { count: 2, delay: 1, jitter: 1 }, run: never }),
  };
  for (const [how, make] of Object.entries(settle)) {
    it(`after ${how}: no timer, and no listener on any signal`, async () => {
      const { signal } = new AbortController();
      const listeners = countListeners(signal);
      const pending = watchTimers(cleanup);
      const steps: readonly AnyStep[] = [make()];
      await pipeline({ name: "p", timeout: 10_000, steps }).run({}, { signal });
      const { timers, listeners: onTimeouts, made } = pending();
      assertEquals({ timers, onTimeouts }, { timers: 0, onTimeouts: 0 });
      assertEquals(listeners(), 0);
      assert(made >= 2, `${made}`);
    });
  }

  it("on the signal of a step that has ended, which no longer aborts with the run", async () => {
    const signals: AbortSignal[] = [];
    const keeping = step({ name: "keeping", run: (_ctx, { signal }) => void signals.push(signal) });
    const result = await pipeline({ name: "p", timeout: 5, steps: [keeping, hung] }).run();
    assert(isRunsheetError(failureOf(result).error, "TIMEOUT"));
    assertEquals(signals.map(({ aborted }) => aborted), [false]);
  });

  it("and costs nothing if there is none", async () => {
    const pending = watchTimers(cleanup);
    await pipeline({ name: "p", steps: [done] }).run();
    assertEquals(pending(), { timers: 0, listeners: 0, made: 0 });
  });
});

describe("a process with nothing but a timeout pending", () => {
  const printed = {
    "a hung step": "TimeoutError",
    "a hung pipeline": "TimeoutError",
    "a hung nested pipeline": "TimeoutError",
    "a hung rollback": "Error TimeoutError",
    "a signal that times out": "TimeoutError",
    "a signal that times out among others": "TimeoutError",
    "a rollback after a signal that timed out": "TimeoutError TimeoutError",
    "a rollback before its signal times out": "Error",
    "a fast run before its signal times out": "success",
    "a failing run before its signal times out": "Error",
    "a fast step": "success",
    "a fast pipeline": "success",
    "a failing pipeline": "Error",
    "an aborted wait": "AbortedError",
  };
  for (const [what, expected] of Object.entries(printed)) {
    it(`gets the result of ${what}, and then ends by itself`, async () => {
      // A timer left behind would keep the process alive for 24 days.
      const { code, stdout, stderr } = await spawnScript("timeouts", [what], {
        signal: AbortSignal.timeout(20 * 60_000),
      });
      assertEquals([stdout.trim(), code], [expected, 0], stderr);
    });
  }
});
