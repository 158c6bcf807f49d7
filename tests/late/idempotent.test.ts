import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, pipeline, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";
import { gated } from "../support/gated.ts";
import { listening } from "../support/landing.ts";
import { dataOf, failureOf, outcomeOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

const stuck = new Error("stuck");

describe("a step whose key is one effect", () => {
  const { fakeTime } = cleanups();
  const idempotent = true;

  it("sends one key in all attempts, and undoes nothing between them", async () => {
    const time = fakeTime();
    const { charge, log, land, fail } = gated({
      idempotent,
      undoByKey: true,
      timeout: 50,
      retry: { count: 2 },
      onStart: ({ defer }, n) => defer(() => log.push(`undo part of ${n}`)),
    });
    const running = charge.run({});
    await drain();
    fail(1, boom);
    await drain();
    await time.tickAsync(50);
    await drain();
    land(3, "c");
    assertEquals(dataOf(await running), { chargeId: "c" });
    assertEquals(log, ["run 1 with key", "run 2 with key", "run 3 with key"]);
  });

  it("leaves attempts that land late alone while it has succeeded, whatever they return", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land, fail } = gated({ idempotent, timeout: 50, retry: { count: 2 } });
    const running = charge.run({}, options);
    await time.tickAsync(50);
    await drain();
    await time.tickAsync(50);
    await drain();
    land(3, "c");
    dataOf(await running);
    land(1, "other");
    fail(2, boom);
    await drain();
    assertEquals(log, ["run 1 with key", "run 2 with key", "run 3 with key"]);
    assertEquals(reports, ["charge@1 same-effect", "charge@2 rejected: boom"]);
  });

  it("is undone once, by its key, when it fails for good without an output", async () => {
    const { charge, log, fail } = gated({ idempotent, undoByKey: true, retry: { count: 1 } });
    const running = charge.run({});
    await drain();
    fail(1, boom);
    await drain();
    fail(2, boom);
    const { error, completed } = outcomeOf(await running);
    assertEquals([error, completed], ["RETRY_EXHAUSTED", ["charge (by key)"]]);
    assertEquals(log.slice(2), ["undo by key of key"]);
  });

  it("is undone when no attempt is in flight any more, and each that landed is reported then", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land, fail } = gated({ idempotent, timeout: 50, retry: { count: 2 } });
    const running = charge.run({}, options);
    for (let n = 0; n < 3; n++) {
      await time.tickAsync(50);
      await drain();
    }
    assertEquals(outcomeOf(await running).completed, []);
    land(2, "c");
    await drain();
    fail(3, boom);
    await drain();
    assertEquals([log.slice(3), reports], [[], []]);
    land(1, "c");
    await drain();
    assertEquals(log.slice(3), ["undo c of key"]);
    assertEquals(reports, [
      "charge@2 compensated",
      "charge@3 rejected: boom",
      "charge@1 compensated",
    ]);
  });

  it("is undone when the last attempt has settled, after the run has failed later than the step", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land } = gated({ idempotent, timeout: 50, retry: { count: 1 } });
    const running = pipeline({ name: "p", steps: [charge, fail] }).run({}, options);
    await time.tickAsync(50);
    await drain();
    land(2, "c");
    assertEquals(failureOf(await running).rollback.completed, []);
    assertEquals(log.slice(2), []);
    land(1, "c");
    await drain();
    assertEquals(log.slice(2), ["undo c of key"]);
    assertEquals(reports, ["charge@1 compensated"]);
  });

  it("is undone after lateMs even if attempts are in flight, and not again when they land", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land } = gated({
      idempotent,
      timeout: 50,
      lateMs: 1_000,
      retry: { count: 1 },
    });
    const running = pipeline({ name: "p", steps: [charge, fail] }).run({}, options);
    await time.tickAsync(50);
    await drain();
    land(2, "c");
    failureOf(await running);
    await time.tickAsync(1_000);
    await drain();
    assertEquals(log.slice(2), ["undo c of key"]);
    land(1, "c");
    await drain();
    assertEquals(log.length, 3);
    assertEquals(reports, ["charge@1 compensated", "charge@1 same-effect"]);
  });

  it("leaves no timer when everything has settled", async () => {
    const time = fakeTime();
    const { charge, land, fail } = gated({
      idempotent,
      undoByKey: true,
      timeout: 50,
      retry: { count: 1 },
    });
    const { reports, options } = listening();
    const running = charge.run({}, options);
    await time.tickAsync(50);
    await drain();
    fail(2, boom);
    failureOf(await running);
    land(1, "c");
    await drain();
    assertEquals(reports, ["charge@1 compensated"]);
    await time.tickAsync(1_000_000);
    await drain();
    assertEquals(reports.length, 1);
  });

  it("is reported as not undone, once for each attempt that landed late", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, land } = gated({ idempotent, timeout: 50, retry: { count: 1 }, stuck });
    const running = charge.run({}, options);
    for (let n = 0; n < 2; n++) {
      await time.tickAsync(50);
      await drain();
    }
    failureOf(await running);
    land(1, "c");
    land(2, "c");
    await drain();
    assertEquals(reports, ["charge@1 failed: stuck", "charge@2 failed: stuck"]);
  });

  it("is undone in its place if the run is given up and the attempt lands in its grace period", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land } = gated({ idempotent, graceMs: 20 });
    const running = pipeline({ name: "p", timeout: 50, steps: [charge] }).run({}, options);
    await time.tickAsync(50);
    land(1, "c");
    const completed = ["charge"];
    assertEquals(outcomeOf(await running), { error: "TIMEOUT", completed, failed: [] });
    assertEquals(log.slice(1), ["undo c of key"]);
    assertEquals(reports, ["charge@1 compensated"]);
  });

  it("is refused at once when 'idempotent' is not a boolean", () => {
    assertThrows(
      // @ts-expect-error it is none
      () => step({ name: "s", run: () => {}, idempotent: "yes" }),
      ConfigError,
      "Cannot create step 's' as 'idempotent' must be a boolean: current value is \"yes\"",
    );
  });
});
