import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { isRunsheetError, parallel, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain } from "../support/deferred.ts";
import { gated } from "../support/gated.ts";
import { landing, listening } from "../support/landing.ts";
import { dataOf, failureOf, outcomeOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

const stuck = new Error("stuck");

describe("an attempt that lands before the step is decided", () => {
  const { fakeTime } = cleanups();

  it("is the step's success if the attempt in flight fails", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land, fail } = gated({ timeout: 50, retry: { count: 2 } });
    const running = charge.run({}, options);
    await time.tickAsync(50);
    await drain();
    land(1, "c1");
    await drain();
    fail(2, boom);
    assertEquals(dataOf(await running), { chargeId: "c1" });
    assertEquals(log, ["run 1 with key", "run 2 with key"]);
    assertEquals(reports, ["charge@1 adopted"]);
  });

  it("is the step's success if the last attempt is given up, too", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, land } = gated({ timeout: 50, retry: { count: 1 } });
    const running = charge.run({}, options);
    await time.tickAsync(50);
    await drain();
    land(1, "c1");
    await time.tickAsync(50);
    assertEquals(dataOf(await running), { chargeId: "c1" });
    land(2, "c1");
    await drain();
    assertEquals(reports, ["charge@1 adopted", "charge@2 same-effect"]);
  });

  it("is the step's success even if something under another key has been undone, and that is undone once", async () => {
    const time = fakeTime();
    const { charge, log, land, fail } = gated({
      timeout: 50,
      retry: { count: 1 },
      onStart: ({ defer }, n) => defer(() => log.push(`undo part of ${n}`)),
    });
    const running = charge.run({});
    await time.tickAsync(50);
    await drain();
    land(1, "c1");
    await drain();
    fail(2, boom);
    assertEquals(dataOf(await running), { chargeId: "c1" });
    assertEquals(log, ["run 1 with key", "run 2 with key~2", "undo part of 2"]);
  });

  it("is undone before the next attempt when something under its key was undone", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land, fail, info } = gated({ timeout: 50, retry: { count: 2 } });
    const running = charge.run({}, options);
    await time.tickAsync(50);
    await drain();
    land(1, "c1");
    await drain();
    info(2).defer(() => log.push("undo part of 2"));
    fail(2, boom);
    await drain();
    land(3, "c3");
    assertEquals(dataOf(await running), { chargeId: "c3" });
    assertEquals(log, [
      "run 1 with key",
      "run 2 with key",
      "undo c1 of key",
      "undo part of 2",
      "run 3 with key~2",
    ]);
    assertEquals(reports, ["charge@1 compensated"]);
  });

  it("allows no retry if it must be undone and cannot be", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land, fail, info } = gated({ timeout: 50, retry: { count: 2 }, stuck });
    const running = charge.run({}, options);
    await time.tickAsync(50);
    await drain();
    land(1, "c1");
    await drain();
    info(2).defer(() => {});
    fail(2, boom);
    const { error, completed, failed } = outcomeOf(await running);
    assertEquals([error, completed], ["ROLLBACK", ["charge (deferred)"]]);
    assertEquals(failed.map(({ step, error }) => [step, error]), [["charge", stuck]]);
    assertEquals(log, ["run 1 with key", "run 2 with key", "undo c1 of key"]);
    assertEquals(reports, ["charge@1 failed: stuck"]);
  });

  it("is not the step's success if another attempt cannot be undone", async () => {
    const time = fakeTime();
    const { charge, log, land, fail } = gated({
      timeout: 50,
      retry: { count: 1 },
      onStart: ({ defer }, n) =>
        defer(() => {
          log.push(`undo part of ${n}`);
          if (n === 2) throw stuck;
        }),
    });
    const running = charge.run({});
    await time.tickAsync(50);
    await drain();
    land(1, "c1");
    await drain();
    fail(2, boom);
    const { error, completed } = outcomeOf(await running);
    assertEquals([error, completed], ["ROLLBACK", ["charge", "charge (deferred)"]]);
    assertEquals(log.slice(2), ["undo part of 2", "undo c1 of key", "undo part of 1"]);
  });

  it("is reported when the run is given up meanwhile, and it has no handler", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, land } = gated({ timeout: 50, retry: { count: 1 }, rollback: false });
    const aborter = new AbortController();
    const running = charge.run({}, { ...options, signal: aborter.signal });
    await time.tickAsync(50);
    await drain();
    land(1, "c1");
    await drain();
    aborter.abort();
    assertEquals(outcomeOf(await running), { error: "ABORTED", completed: [], failed: [] });
    assertEquals(reports, ["charge@1 no-handler"]);
  });

  it("is validated, and gives the rollback the output that provides returned", async () => {
    const time = fakeTime();
    const gate = deferred<{ day: string }>();
    const undone: unknown[] = [];
    const s = step({
      name: "s",
      provides: type({ day: "string.date.parse" }),
      timeout: 50,
      graceMs: 50,
      run: () => gate.promise,
      rollback: (_ctx, { day }) => void undone.push(day),
    });
    const running = pipeline({ name: "p", steps: [s, fail] }).run();
    await time.tickAsync(50);
    gate.resolve({ day: "2026-11-23" });
    assertStrictEquals(failureOf(await running).error, boom);
    assertEquals(undone, [new Date("2026-11-23")]);
  });

  it("fails the step, and is undone, when provides refuses its output", async () => {
    const time = fakeTime();
    const gate = deferred<{ day: string }>();
    const undone: unknown[] = [];
    const s = step({
      name: "s",
      provides: type({ day: "string.date.parse" }),
      timeout: 50,
      graceMs: 50,
      run: () => gate.promise,
      rollback: (_ctx, output) => void undone.push(output),
    });
    const running = s.run({});
    await time.tickAsync(50);
    gate.resolve({ day: "never" });
    const { error, rollback } = failureOf(await running);
    assert(isRunsheetError(error, "PROVIDES_VALIDATION"));
    assertEquals([undone, rollback.completed], [[{ day: "never" }], ["s"]]);
  });

  it("keeps its deferred undos, which run with those of the run", async () => {
    const time = fakeTime();
    const { charge, log, land } = gated({
      timeout: 50,
      retry: { count: 1, delay: 100 },
      onStart: ({ defer }) => defer(() => log.push("undo part of 1")),
    });
    const running = pipeline({ name: "p", steps: [charge, fail] }).run();
    await time.tickAsync(60);
    land(1, "c1");
    assertEquals(failureOf(await running).rollback.completed, ["charge", "charge (deferred)"]);
    assertEquals(log, ["run 1 with key", "undo c1 of key", "undo part of 1"]);
  });

  it("is the step's success in a group whose other branch has failed, and is undone with it", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const log: string[] = [];
    const charge = landing("charge", log, { timeout: 50, graceMs: 20 });
    const sibling = landing("sibling", log);
    const running = parallel(charge.step, sibling.step).run({}, options);
    await drain();
    sibling.fail(1, boom);
    await time.tickAsync(50);
    charge.land(1);
    const completed = ["parallel(charge, sibling)/charge"];
    assertEquals(outcomeOf(await running), { error: "boom", completed, failed: [] });
    assertEquals(reports, ["parallel(charge, sibling)/charge@1 adopted"]);
  });
});

describe("an attempt that fails after it was given up", () => {
  const { fakeTime } = cleanups();

  it("leaves its key to the next one if nothing of it was undone", async () => {
    const time = fakeTime();
    const { charge, log, land, fail } = gated({ timeout: 50, retry: { count: 1, delay: 100 } });
    const running = charge.run({});
    await time.tickAsync(60);
    fail(1, boom);
    await time.tickAsync(100);
    await drain();
    land(2, "c2");
    assertEquals(dataOf(await running), { chargeId: "c2" });
    assertEquals(log, ["run 1 with key", "run 2 with key"]);
  });

  it("has its error in the error of the step", async () => {
    const time = fakeTime();
    const { charge, fail } = gated({ timeout: 50, graceMs: 20, retry: { count: 1 } });
    const running = charge.run({});
    await time.tickAsync(50);
    fail(1, boom);
    await drain();
    fail(2, stuck);
    const { error } = failureOf(await running);
    assert(isRunsheetError(error, "RETRY_EXHAUSTED"));
    assertEquals(error.attempts, 2);
    const [timeout, ...others] = error.errors;
    assert(isRunsheetError(timeout, "TIMEOUT"));
    assertEquals(others, [boom, stuck]);
  });
});
