import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { pipeline } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";
import { gated } from "../support/gated.ts";
import { listening } from "../support/landing.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom } from "../support/steps.ts";

describe("an undo that an abandoned attempt has deferred", () => {
  const { fakeTime } = cleanups();

  it("runs after a minute if the attempt has not settled, and not again when it does", async () => {
    const time = fakeTime();
    const { reports, watches, options } = listening();
    const { charge, log, fail } = gated({
      timeout: 50,
      onStart: ({ defer }) => defer(() => log.push("undo part")),
    });
    failureOf((await Promise.all([charge.run({}, options), time.tickAsync(50)]))[0]);
    await time.tickAsync(59_999);
    await drain();
    assertEquals(log.slice(1), []);
    await time.tickAsync(1);
    await drain();
    assertEquals(log.slice(1), ["undo part"]);
    fail(1, boom);
    await Promise.all(watches);
    assertEquals(log.length, 2);
    assertEquals(reports, ["charge@1 compensated", "charge@1 rejected: boom"]);
  });

  it("leaves no timer once it has run", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, fail } = gated({ timeout: 50, onStart: ({ defer }) => defer(() => {}) });
    failureOf((await Promise.all([charge.run({}, options), time.tickAsync(50)]))[0]);
    fail(1, boom);
    await time.tickAsync(1_000_000);
    await drain();
    assertEquals(reports, ["charge@1 rejected: boom"]);
  });
});

describe("an undo that is deferred after its attempt has settled", () => {
  const { fakeTime } = cleanups();

  it("is kept on the run's stack while the run lives, and runs with it", async () => {
    const log: string[] = [];
    const { charge, land, info } = gated({ rollback: false });
    const { charge: second, fail: failSecond } = gated({ rollback: false });
    const running = pipeline({ name: "p", steps: [charge, second] }).run();
    await drain();
    const { defer } = info(1);
    land(1);
    await drain();
    defer(() => log.push("undo part"));
    failSecond(1, boom);
    const { rollback } = failureOf(await running);
    assertEquals([log, rollback.completed], [["undo part"], ["charge (deferred)"]]);
  });

  it("is kept there even if the attempt read defer only then", async () => {
    const log: string[] = [];
    const { charge, land, info } = gated({ rollback: false });
    const { charge: second, fail: failSecond } = gated({ rollback: false });
    const running = pipeline({ name: "p", steps: [charge, second] }).run();
    await drain();
    land(1);
    await drain();
    info(1).defer(() => log.push("undo part"));
    failSecond(1, boom);
    const { rollback } = failureOf(await running);
    assertEquals([log, rollback.completed], [["undo part"], ["charge (deferred)"]]);
  });

  it("runs at once, and is reported to onLate, when the attempt has failed", async () => {
    const { reports, options } = listening();
    const log: string[] = [];
    const time = fakeTime();
    const { charge, land, fail, info } = gated({ rollback: false, retry: { count: 1, delay: 10 } });
    const running = charge.run({}, options);
    await drain();
    fail(1, boom);
    await drain();
    info(1).defer(() => log.push("undo part"));
    await drain();
    assertEquals([log, reports], [["undo part"], ["charge@1 compensated"]]);
    time.tick(10);
    await drain();
    land(2);
    dataOf(await running);
  });
});
