import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type AnyStep,
  ConfigError,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  step,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain, never } from "../support/deferred.ts";
import { landing, listening } from "../support/landing.ts";
import { dataOf, failureOf, outcomeOf } from "../support/results.ts";
import { watchTimers } from "../support/signals.ts";
import { boom, logged } from "../support/steps.ts";

const stuck = new Error("stuck");

/** Returns a function that returns whether a run has returned. */
function watched<T>(running: Promise<T>) {
  const state = { running, returned: false };
  running.then(() => state.returned = true);
  return state;
}

/**
 * A pipeline of one step that is given up as a whole after 50 ms, so that landing later is no
 * success.
 */
function givenUp(only: AnyStep) {
  return pipeline({ name: "p", timeout: 50, steps: [only] });
}

describe("graceMs", () => {
  const clean = cleanups();

  it("keeps the run waiting for an attempt that was given up, and no longer", async () => {
    const time = clean.fakeTime();
    const { reports, watches, options } = listening();
    const log: string[] = [];
    const charge = landing("charge", log, { timeout: 50, graceMs: 20 });
    const run = watched(charge.step.run({}, options));
    await time.tickAsync(50);
    await time.tickAsync(19);
    await drain();
    assertEquals([run.returned, watches.length], [false, 0]);
    await time.tickAsync(1);
    assertEquals(outcomeOf(await run.running), { error: "TIMEOUT", completed: [], failed: [] });
    assertEquals([watches.length, reports], [1, []]);
    charge.land(1);
    await drain();
    assertEquals(log, ["run charge1", "undo charge1"]);
    assertEquals(reports, ["charge@1 compensated"]);
  });

  it("makes an attempt that lands in that time the step's success: its output, no retry, and its undo", async () => {
    const time = clean.fakeTime();
    const { reports, watches, options } = listening();
    const log: string[] = [];
    const charge = landing("charge", log, { timeout: 50, graceMs: 20, retry: { count: 1 } });
    const next = step({
      name: "next",
      run: (ctx: { chargeId: string }) => {
        log.push(`next sees ${ctx.chargeId}`);
        throw boom;
      },
    });
    const running = pipeline({ name: "p", steps: [charge.step, next] }).run({}, options);
    await time.tickAsync(60);
    charge.land(1);
    const completed = ["charge"];
    assertEquals(outcomeOf(await running), { error: "boom", completed, failed: [] });
    assertEquals(log, ["run charge1", "next sees charge1", "undo charge1"]);
    assertEquals([reports, watches], [["charge@1 adopted"], []]);
  });

  it("puts an attempt that lands in that time in the rollback of a run that is given up, in its place", async () => {
    const time = clean.fakeTime();
    const { reports, watches, options } = listening();
    const log: string[] = [];
    const charge = landing("charge", log, { graceMs: 20 });
    const steps = [logged("a", log), charge.step, logged("c", log)] as const;
    const p = pipeline({ name: "p", timeout: 50, steps });
    const running = p.run({}, options);
    await time.tickAsync(60);
    charge.land(1);
    const completed = ["charge", "a"];
    const result = await running;
    assertEquals(outcomeOf(result), { error: "TIMEOUT", completed, failed: [] });
    assertEquals(log, ["a", "run charge1", "undo charge1", "undo a"]);
    assertEquals([reports, watches], [["charge@1 compensated"], []]);
  });

  it("gives the rollback the context, the validated output, and the error of the run", async () => {
    const time = clean.fakeTime();
    const gate = deferred<{ day: string }>();
    const calls: unknown[] = [];
    const s = step({
      name: "s",
      provides: type({ day: "string.date.parse" }),
      graceMs: 20,
      run: () => gate.promise,
      rollback: (ctx, { day }, { error, key }) => void calls.push(ctx, day, error, key),
    });
    const p = pipeline({ name: "p", timeout: 50, steps: [s] });
    const running = p.run({ n: 1 }, { runId: "r" });
    await time.tickAsync(50);
    gate.resolve({ day: "2026-11-23" });
    const { error } = failureOf(await running);
    assertEquals(calls, [{ n: 1 }, new Date("2026-11-23"), error, "r/p/s@1!undo"]);
    assertStrictEquals(calls[2], error);
  });

  it("lists the undo as failed when it fails, and reports that once", async () => {
    const time = clean.fakeTime();
    const { reports, options } = listening();
    const charge = landing("charge", [], { graceMs: 20 }, () => Promise.reject(boom));
    const running = givenUp(charge.step).run({}, options);
    await time.tickAsync(50);
    charge.land(1);
    const failed = [{ step: "charge", error: boom }];
    assertEquals(outcomeOf(await running), { error: "TIMEOUT", completed: [], failed });
    assertEquals(reports, ["charge@1 failed: boom"]);
  });

  it("reports an attempt that fails in that time, which ends the wait", async () => {
    const time = clean.fakeTime();
    const { reports, options } = listening();
    const charge = landing("charge", [], { timeout: 50, graceMs: 20 });
    const running = charge.step.run({}, options);
    await time.tickAsync(50);
    charge.fail(1, boom);
    assertEquals(outcomeOf(await running), { error: "TIMEOUT", completed: [], failed: [] });
    assertEquals(reports, ["charge@1 rejected: boom"]);
  });

  it("reports an attempt that lands in that time and has no handler", async () => {
    const time = clean.fakeTime();
    const { reports, options } = listening();
    const charge = landing("charge", [], { graceMs: 20 }, null);
    const running = givenUp(charge.step).run({}, options);
    await time.tickAsync(50);
    charge.land(1);
    assertEquals(outcomeOf(await running), { error: "TIMEOUT", completed: [], failed: [] });
    assertEquals(reports, ["charge@1 no-handler"]);
  });

  it("also applies after the caller's abort, which does not shorten it", async () => {
    const time = clean.fakeTime();
    const { reports, options } = listening();
    const log: string[] = [];
    const charge = landing("charge", log, { timeout: 50, graceMs: 20 });
    const aborter = new AbortController();
    const p = pipeline({ name: "p", steps: [logged("a", log), charge.step] });
    const run = watched(p.run({}, { ...options, signal: aborter.signal }));
    await time.tickAsync(50);
    aborter.abort(boom);
    await time.tickAsync(19);
    await drain();
    assertFalse(run.returned);
    charge.land(1);
    const completed = ["charge", "a"];
    assertEquals(outcomeOf(await run.running), { error: "ABORTED", completed, failed: [] });
    assertEquals(reports, ["charge@1 compensated"]);
  });

  it("applies after the timeout of a nested pipeline, for each of its steps concurrently", async () => {
    const time = clean.fakeTime();
    const { reports, options } = listening();
    const log: string[] = [];
    const [a, b] = ["a", "b"].map((name) => landing(name, log, { graceMs: 20 })) as [
      ReturnType<typeof landing>,
      ReturnType<typeof landing>,
    ];
    const inner = pipeline({ name: "inner", timeout: 50, steps: [parallel(a.step, b.step)] });
    const running = pipeline({ name: "p", steps: [logged("first", log), inner] }).run({}, options);
    await time.tickAsync(50);
    b.land(1);
    await drain();
    a.land(1);
    const completed = ["inner/parallel(a, b)/b", "inner/parallel(a, b)/a", "first"];
    assertEquals(outcomeOf(await running), { error: "TIMEOUT", completed, failed: [] });
    assertEquals(log.slice(3), ["undo b1", "undo a1", "undo first"]);
    assertEquals(reports.length, 2);
  });

  it("applies to each item of a collection, undone in the order of the collection", async () => {
    const time = clean.fakeTime();
    const log: string[] = [];
    const gates = [deferred(), deferred(), deferred()];
    const send = step({
      name: "send",
      graceMs: 20,
      run: (ctx: { n: number }) => gates[ctx.n]!.promise.then(() => ({ sent: ctx.n })),
      rollback: (ctx) => void log.push(`undo ${ctx.n}`),
    });
    const mails = map("mails", () => [0, 1, 2], send, { as: "n" });
    const running = givenUp(mails).run({});
    await time.tickAsync(50);
    for (const n of [0, 2, 1]) {
      gates[n]!.resolve();
      await drain();
    }
    failureOf(await running);
    assertEquals(log, ["undo 2", "undo 1", "undo 0"]);
  });

  it("applies to an item that is collected as a failure, which is undone before it is collected", async () => {
    const time = clean.fakeTime();
    const { reports, options } = listening();
    const log: string[] = [];
    const charge = landing("charge", log, { graceMs: 20 });
    const one = pipeline({ name: "one", timeout: 50, steps: [charge.step] });
    const charges = map("charges", () => [0], one, { as: "n", onFailure: "collect" });
    const next = logged("next", log);
    const running = pipeline({ name: "p", steps: [charges, next] }).run({}, options);
    await time.tickAsync(50);
    charge.land(1);
    assert(isRunsheetError((dataOf(await running).charges as { error: Error }[])[0]?.error));
    assertEquals(log, ["run charge1", "undo charge1", "next"]);
    assertEquals(reports, ["map(charges)[0]/one/charge@1 compensated"]);
  });

  it("collects the undos deferred before and within it, and runs them in reverse", async () => {
    const time = clean.fakeTime();
    const { reports, options } = listening();
    const log: string[] = [];
    const gate = deferred();
    const s = step({
      name: "s",
      graceMs: 20,
      run: async (_ctx, { defer }) => {
        defer(() => log.push("early"));
        await gate.promise;
        defer(() => log.push("in the grace"));
      },
      rollback: () => log.push("rollback"),
    });
    const running = givenUp(s).run({}, options);
    await time.tickAsync(50);
    gate.resolve();
    const completed = ["s", "s (deferred)", "s (deferred)"];
    assertEquals(outcomeOf(await running), { error: "TIMEOUT", completed, failed: [] });
    assertEquals(log, ["rollback", "in the grace", "early"]);
    assertEquals(reports, ["s@1 compensated"]);
  });

  it("costs neither timer nor listener when nothing is given up, and leaves none behind", async () => {
    const pending = watchTimers(clean);
    const quick = { graceMs: 10_000, overlap: "never" as const, retry: { count: 1 } };
    dataOf(await step({ name: "s", ...quick, run: () => Promise.resolve() }).run({}));
    assertEquals(pending().made, 0);
    const aborter = new AbortController();
    const hung = step({ name: "hung", ...quick, run: never });
    const gate = deferred();
    const lands = step({ name: "lands", ...quick, run: () => gate.promise });
    const running = parallel(lands, step({ name: "s", run: never })).run({}, aborter);
    aborter.abort();
    gate.resolve();
    failureOf(await running);
    failureOf(await hung.run({}, { signal: AbortSignal.abort() }));
    assertEquals(pending(), { timers: 0, listeners: 0, made: 1 });
  });
});

describe("overlap: never", () => {
  const { fakeTime } = cleanups();
  const bounds = { timeout: 50, overlap: "never", retry: { count: 1 } } as const;

  it("starts no retry while the previous attempt is in flight, whose success becomes the step's", async () => {
    const time = fakeTime();
    const { reports, watches, options } = listening();
    const log: string[] = [];
    const charge = landing("charge", log, bounds);
    const running = charge.step.run({}, options);
    await time.tickAsync(1_000);
    await drain();
    assertEquals(log, ["run charge1"]);
    charge.land(1);
    assertEquals(dataOf(await running), { chargeId: "charge1" });
    assertEquals(log, ["run charge1"]);
    assertEquals([reports, watches], [["charge@1 adopted"], []]);
  });

  it("continues with the retry when the previous attempt fails late", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const log: string[] = [];
    const charge = landing("charge", log, bounds);
    const running = charge.step.run({}, options);
    await time.tickAsync(60);
    charge.fail(1, boom);
    await drain();
    assertEquals(log, ["run charge1", "run charge2"]);
    charge.land(2);
    dataOf(await running);
    assertEquals(reports, ["charge@1 rejected: boom"]);
  });

  it("does not wait after the last attempt, or when retryIf returns false", async () => {
    const time = fakeTime();
    for (const retry of [{ count: 0 }, { count: 3, retryIf: () => false }]) {
      const running = landing("charge", [], { ...bounds, retry }).step.run({});
      await time.tickAsync(50);
      assertEquals(outcomeOf(await running).error, "TIMEOUT");
    }
  });

  it("calls retryIf once for each attempt", async () => {
    const time = fakeTime();
    let asked = 0;
    const retry = { count: 2, retryIf: () => ++asked > 0 };
    const charge = landing("charge", [], { ...bounds, retry });
    const running = charge.step.run({});
    for (const attempt of [1, 2, 3]) {
      await time.tickAsync(60);
      charge.fail(attempt, boom);
      await drain();
    }
    assertEquals(outcomeOf(await running).error, "RETRY_EXHAUSTED");
    assertEquals(asked, 3);
  });

  it("also passes the error of the attempt in flight to retryIf", async () => {
    const time = fakeTime();
    const asked: unknown[] = [];
    const retryIf = (errors: readonly Error[]) => {
      asked.push(errors.map((error) => isRunsheetError(error) ? error.code : error.message));
      return errors.length < 2;
    };
    const charge = landing("charge", [], { ...bounds, retry: { count: 5, retryIf } });
    const running = charge.step.run({});
    await time.tickAsync(50);
    charge.fail(1, boom);
    await drain();
    charge.fail(2, stuck);
    assertStrictEquals(failureOf(await running).error, stuck);
    assertEquals(asked, [["TIMEOUT"], ["TIMEOUT", "boom", "stuck"]]);
  });

  it("does not call retryIf once the run is cancelled", async () => {
    fakeTime();
    const aborter = new AbortController();
    let asked = 0;
    const retry = { count: 2, retryIf: () => ++asked > 0 };
    const running = landing("charge", [], { ...bounds, retry }).step.run({}, aborter);
    await drain();
    aborter.abort();
    failureOf(await running);
    assertEquals(asked, 0);
  });

  for (const by of ["the caller's abort", "the timeout of a pipeline", "a failing sibling"]) {
    it(`stops waiting on ${by}, and there is no retry`, async () => {
      const time = fakeTime();
      const { reports, watches, options } = listening();
      const log: string[] = [];
      const aborter = new AbortController();
      const charge = landing("charge", log, bounds);
      const sibling = landing("sibling", []);
      const steps = [parallel(charge.step, sibling.step)];
      const p = pipeline({
        name: "p",
        steps,
        ...(by.startsWith("the timeout") && { timeout: 70 }),
      });
      const running = p.run({}, { ...options, signal: aborter.signal });
      await time.tickAsync(60);
      if (by === "the caller's abort") aborter.abort();
      if (by === "a failing sibling") sibling.fail(1, boom);
      await time.tickAsync(10);
      failureOf(await running);
      charge.land(1);
      if (by !== "a failing sibling") sibling.land(1);
      await Promise.all(watches);
      assertEquals(log, ["run charge1", "undo charge1"]);
      assert(reports.includes("parallel(charge, sibling)/charge@1 compensated"));
    });
  }
});

describe("the options of a step about abandoned attempts", () => {
  const ms = "must be a number of milliseconds from 0 to 2147483647: current value is";
  const cases: [wrong: object, message: string][] = [
    ...[-1, NaN, 2 ** 31].map((graceMs): [object, string] => [
      { graceMs },
      `'graceMs' ${ms} ${graceMs}`,
    ]),
    [{ overlap: "some" }, `'overlap' must be 'allow' or 'never': current value is "some"`],
  ];
  for (const [wrong, message] of cases) {
    it(`are refused at once with ${Object.entries(wrong)}`, () => {
      const error = assertThrows(() => step({ name: "s", run: never, ...wrong }), ConfigError);
      assertEquals(error.message, `Cannot time 's' as ${message}`);
    });
  }
});
