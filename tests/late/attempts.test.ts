import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  isRunsheetError,
  pipeline,
  type Result,
  type RunInfo,
  type RunOptions,
  step,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { cleanups } from "../support/cleanup.ts";
import { type Deferred, deferred, drain, never } from "../support/deferred.ts";
import { listening } from "../support/landing.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { spawnScript } from "../support/spawn.ts";
import { boom } from "../support/steps.ts";

type Output = { chargeId: string };
const charged = { chargeId: "c1" };
const stuck = new Error("stuck");

/** A charge that lands on demand, and its undos. */
function charging(rollback?: () => unknown) {
  const gate = deferred<Output>();
  const infos: RunInfo[] = [];
  const undone: unknown[] = [];
  const charge = step({
    name: "charge",
    run: (_ctx, info) => {
      infos.push(info);
      return gate.promise;
    },
    rollback: (ctx, output, { error, signal, key }) => {
      undone.push({ ctx, output, error, aborted: signal.aborted, key });
      return rollback?.();
    },
  });
  return { charge, gate, infos, undone };
}

interface Runnable {
  run(args: Record<never, never>, options: RunOptions): Promise<Result<unknown>>;
}

/** Runs it, and gives it up with an abort. */
async function giveUp(runnable: Runnable, options: RunOptions = {}) {
  const aborter = new AbortController();
  const running = runnable.run({}, { ...options, signal: aborter.signal });
  await drain();
  aborter.abort(boom);
  return failureOf(await running);
}

describe("an attempt that lands after it was given up", () => {
  const { fakeTime } = cleanups();

  it("by a timeout is undone once, with its context and its real output", async () => {
    const time = fakeTime();
    const { charge, gate, undone } = charging();
    const { options, lateReports } = listening();
    const p = pipeline({ name: "p", timeout: 50, steps: [charge] });
    const running = p.run({ n: 1 }, options);
    await time.tickAsync(50);
    const { error, rollback } = failureOf(await running);
    assert(isRunsheetError(error, "TIMEOUT"));
    assertEquals([undone, rollback.completed], [[], []]);
    gate.resolve(charged);
    await drain();
    const key = "r/p/charge@1!undo";
    assertEquals(undone, [{ ctx: { n: 1 }, output: charged, error, aborted: false, key }]);
    assertEquals(lateReports, [{ step: "charge", attempt: 1, outcome: "compensated" }]);
  });

  it("by an abort is undone once, although the run has returned", async () => {
    const { charge, gate, undone } = charging();
    const { options, lateReports } = listening();
    const p = pipeline({ name: "p", steps: [pipeline({ name: "inner", steps: [charge] })] });
    const { error } = await giveUp(p, options);
    gate.resolve(charged);
    await drain();
    const key = "r/p/inner/charge@1!undo";
    assertEquals(undone, [{ ctx: {}, output: charged, error, aborted: false, key }]);
    assertEquals(lateReports, [{ step: "inner/charge", attempt: 1, outcome: "compensated" }]);
  });

  it("is undone even without onLate", async () => {
    const { charge, gate, undone } = charging();
    await giveUp(charge);
    gate.resolve(charged);
    await drain();
    assertEquals(undone.length, 1);
  });

  it("is undone separately when a retry has succeeded meanwhile", async () => {
    const time = fakeTime();
    const gates = [deferred<Output>(), deferred<Output>()];
    const undone: unknown[] = [];
    const charge = step({
      name: "charge",
      timeout: 50,
      retry: { count: 1 },
      run: (_ctx, { attempt }) => gates[attempt - 1]!.promise,
      rollback: (_ctx, output) => void undone.push(output),
    });
    const { options, lateReports } = listening();
    const running = charge.run({}, options);
    await time.tickAsync(50);
    gates[1]?.resolve({ chargeId: "second" });
    assertEquals(dataOf(await running), { chargeId: "second" });
    gates[0]?.resolve({ chargeId: "first" });
    await drain();
    assertEquals(undone, [{ chargeId: "first" }]);
    assertEquals(lateReports, [{ step: "charge", attempt: 1, outcome: "compensated" }]);
  });

  it("is undone with the output that provides returns", async () => {
    const gate = deferred<{ day: string }>();
    const undone: unknown[] = [];
    const s = step({
      name: "s",
      provides: type({ day: "string.date.parse" }),
      run: () => gate.promise,
      rollback: (_ctx, { day }) => void undone.push(day),
    });
    await giveUp(s);
    gate.resolve({ day: "2026-11-23" });
    await drain();
    assertEquals(undone, [new Date("2026-11-23")]);
  });

  it("is undone with its raw output when provides refuses it", async () => {
    const gate: Deferred<Output> = deferred();
    const undone: unknown[] = [];
    const s = step({
      name: "s",
      provides: type({ chargeId: "'other'" }),
      // @ts-expect-error it is not the right one
      run: () => gate.promise,
      rollback: (_ctx, output) => void undone.push(output),
    });
    await giveUp(s);
    gate.resolve(charged);
    await drain();
    assertStrictEquals(undone[0], charged);
  });

  it("has the retries and the timeout of its rollback handler", async () => {
    const time = fakeTime();
    const gate = deferred();
    const attempts: number[] = [];
    const s = step({
      name: "s",
      run: () => gate.promise,
      rollback: {
        retry: { count: 1, delay: 10 },
        timeout: 50,
        run: (_ctx, _output, { attempt }) => {
          attempts.push(attempt);
          return attempt === 1 ? never() : undefined;
        },
      },
    });
    const { options, lateReports } = listening();
    await giveUp(s, options);
    gate.resolve();
    for (const ms of [50, 10, 0]) {
      await drain();
      await time.tickAsync(ms);
    }
    await drain();
    assertEquals(attempts, [1, 2]);
    assertEquals(lateReports.map(({ outcome }) => outcome), ["compensated"]);
  });
});

describe("onLate", () => {
  it("is called with 'failed' and the error when the undo fails", async () => {
    const { charge, gate } = charging(() => Promise.reject(stuck));
    const { options, lateReports } = listening();
    await giveUp(charge, options);
    gate.resolve(charged);
    await drain();
    assertEquals(lateReports, [{ step: "charge", attempt: 1, outcome: "failed", error: stuck }]);
    assertStrictEquals(lateReports[0]?.error, stuck);
  });

  it("is called with 'no-handler' when there is no undo", async () => {
    const gate = deferred<Output>();
    const { options, lateReports } = listening();
    await giveUp(step({ name: "s", run: () => gate.promise }), options);
    gate.resolve(charged);
    await drain();
    assertEquals(lateReports, [{ step: "s", attempt: 1, outcome: "no-handler" }]);
  });

  it("is called with 'rejected' and the error when the attempt fails late, and nothing is undone", async () => {
    const { charge, gate, undone } = charging();
    const { options, lateReports } = listening();
    await giveUp(charge, options);
    gate.reject(stuck);
    await drain();
    assertEquals(lateReports, [{ step: "charge", attempt: 1, outcome: "rejected", error: stuck }]);
    assertEquals(undone, []);
  });

  it("is not called for an attempt that was not given up, or that never lands", async () => {
    const { options, lateReports, watches } = listening();
    dataOf(
      await step({ name: "s", timeout: 10_000, run: () => Promise.resolve() }).run({}, options),
    );
    failureOf(await step({ name: "s", run: () => Promise.reject(boom) }).run({}, options));
    await giveUp(step({ name: "s", run: never }), options);
    await drain();
    assertEquals([lateReports.length, watches.length], [0, 1]);
  });
});

describe("waitUntil", () => {
  it("gets a promise that resolves when the late attempt is undone and reported", async () => {
    const undo = deferred();
    const { charge, gate } = charging(() => undo.promise);
    const { options, lateReports, watches } = listening();
    await giveUp(charge, options);
    assertEquals(watches.length, 1);
    let kept = false;
    watches[0]?.then(() => kept = true);
    gate.resolve(charged);
    await drain();
    assertEquals([kept, lateReports.length], [false, 0]);
    undo.resolve();
    await drain();
    assertEquals([kept, lateReports.length], [true, 1]);
  });

  it("gets a promise that resolves even when the attempt or its undo fails", async () => {
    const failing = charging(() => Promise.reject(stuck));
    const rejecting = charging();
    const { options, watches } = listening();
    await giveUp(failing.charge, options);
    await giveUp(rejecting.charge, options);
    failing.gate.resolve(charged);
    rejecting.gate.reject(boom);
    assertEquals((await Promise.allSettled(watches)).map(({ status }) => status), [
      "fulfilled",
      "fulfilled",
    ]);
  });
});

describe("a callback of the caller's that fails", () => {
  const places = [["onLate", "0"], ["onLate", "10000"], ["waitUntil", "0"]] as const;
  for (const how of ["throws", "rejects"]) {
    for (const [callback, graceMs] of places) {
      it(`is printed, and changes neither run nor undo nor process: ${callback} ${how}, graceMs ${graceMs}`, async () => {
        const { code, stdout, stderr } = await spawnScript("late_errors", [callback, graceMs, how]);
        const lines = stdout.trim().split("\n").sort();
        assertEquals([lines, code], [["AbortedError charge", "undone"], 0], stderr);
        assertStringIncludes(
          stderr,
          "A run's 'onLate' or 'waitUntil' failed, which changes no run:",
        );
        assertStringIncludes(stderr, `: from ${callback}`);
      });
    }
  }
});

describe("an undo that an attempt defers", () => {
  it("before it is given up runs once, when the attempt has landed", async () => {
    const { charge, log, gate } = deferring(["early"], []);
    const { options, lateReports } = listening();
    const { rollback } = await giveUp(charge, options);
    assertEquals([log, rollback.completed], [[], []]);
    gate.resolve(charged);
    await drain();
    assertEquals(log, ["undo early"]);
    assertEquals(lateReports.map(({ outcome }) => outcome), ["compensated"]);
  });

  it("before it is given up, and another after that, run in reverse when the attempt lands", async () => {
    const { charge, log, gate } = deferring(["early"], ["late 1", "late 2"]);
    const { options, lateReports } = listening();
    await giveUp(charge, options);
    gate.resolve(charged);
    await drain();
    assertEquals(log, ["undo late 2", "undo late 1", "undo early"]);
    assertEquals(lateReports.map(({ outcome }) => outcome), ["compensated"]);
  });

  it("after it was given up runs even when the attempt fails late", async () => {
    const { charge, log, gate } = deferring([], ["late"], boom);
    const { options, lateReports } = listening();
    await giveUp(charge, options);
    gate.resolve(charged);
    await drain();
    assertEquals(log, ["undo late"]);
    assertEquals(lateReports, [{ step: "s", attempt: 1, outcome: "rejected", error: boom }]);
  });

  it("after it was given up and fails is reported with every error", async () => {
    const { charge, gate } = deferring([], ["late"], boom, stuck);
    const { options, lateReports } = listening();
    await giveUp(charge, options);
    gate.resolve(charged);
    await drain();
    const [report] = lateReports;
    assertEquals(report?.outcome, "failed");
    assertInstanceOf(report?.error, AggregateError);
    assertEquals(report.error.errors, [boom, stuck]);
  });

  /** A step that defers before and after its gate and may then fail; its undos may fail too. */
  function deferring(early: string[], late: string[], error?: Error, undoError?: Error) {
    const gate = deferred<Output>();
    const log: string[] = [];
    const charge = step({
      name: "s",
      run: async (_ctx, { defer }) => {
        const deferAll = (names: string[]) => {
          for (const name of names) {
            defer(() => {
              if (undoError) throw undoError;
              log.push(`undo ${name}`);
            });
          }
        };
        deferAll(early);
        await gate.promise;
        deferAll(late);
        if (error) throw error;
      },
    });
    return { charge, gate, log };
  }
});
