import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ConfigError, pipeline, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";
import { gated } from "../support/gated.ts";
import { listening } from "../support/landing.ts";
import { dataOf, failureOf, outcomeOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

const stuck = new Error("stuck");

describe("undoByKey", () => {
  const { fakeTime } = cleanups();

  it("undoes the possible effect of the last attempt with the run, and has a name of its own in the report", async () => {
    const { charge, log, fail } = gated({ undoByKey: true });
    const running = charge.run({});
    await drain();
    fail(1, boom);
    const completed = ["charge (by key)"];
    assertEquals(outcomeOf(await running), { error: "boom", completed, failed: [] });
    assertEquals(log.slice(1), ["undo by key of key"]);
  });

  it("leaves it to the rollback if there is an output", async () => {
    const { charge, log, land } = gated({ undoByKey: true });
    const running = pipeline({ name: "p", steps: [charge, fail] }).run();
    await drain();
    land(1, "c1");
    assertEquals(failureOf(await running).rollback.completed, ["charge"]);
    assertEquals(log.slice(1), ["undo c1 of key"]);
  });

  it("is due from the moment an attempt is given up: the next has another key, and lands independently", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land, fail } = gated({
      undoByKey: true,
      timeout: 50,
      retry: { count: 1 },
    });
    const running = charge.run({}, options);
    await time.tickAsync(50);
    await drain();
    land(2, "c2");
    dataOf(await running);
    assertEquals(log, ["run 1 with key", "run 2 with key~2"]);
    fail(1, boom);
    await drain();
    assertEquals(log.slice(2), ["undo by key of key"]);
    assertEquals(reports, ["charge@1 rejected: boom"]);
  });

  it("is not called for an attempt that lands after all, which is rolled back with its output", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land } = gated({ undoByKey: true, timeout: 50 });
    const running = charge.run({}, options);
    await time.tickAsync(50);
    failureOf(await running);
    land(1, "c1");
    await drain();
    assertEquals(log.slice(1), ["undo c1 of key"]);
    assertEquals(reports, ["charge@1 compensated"]);
  });

  it("waits for afterMs, unlike the run, and is reported to onLate", async () => {
    const time = fakeTime();
    const { reports, watches, options } = listening();
    const { charge, log, fail } = gated({ undoByKey: { afterMs: 5_000 } });
    const running = charge.run({}, options);
    await drain();
    fail(1, boom);
    assertEquals(outcomeOf(await running), { error: "boom", completed: [], failed: [] });
    await time.tickAsync(4_999);
    assertEquals([log.slice(1), watches.length], [[], 1]);
    await time.tickAsync(1);
    await Promise.all(watches);
    assertEquals(log.slice(1), ["undo by key of key"]);
    assertEquals(reports, ["charge@1 compensated"]);
  });

  it("reports an attempt that it undoes after afterMs once, when it has undone it", async () => {
    const time = fakeTime();
    const { reports, watches, options } = listening();
    const undoByKey = { afterMs: 5_000 };
    const { charge, log, land } = gated({ undoByKey, rollback: false, timeout: 50 });
    const running = charge.run({}, options);
    await time.tickAsync(50);
    failureOf(await running);
    land(1, "c1");
    await drain();
    assertEquals(reports, []);
    await time.tickAsync(5_000);
    await Promise.all(watches);
    assertEquals(log.slice(1), ["undo by key of key"]);
    assertEquals(reports, ["charge@1 compensated"]);
  });

  it("allows no retry when it fails", async () => {
    const { charge, log, fail } = gated({ undoByKey: true, retry: { count: 1 }, stuck });
    const running = charge.run({});
    await drain();
    fail(1, boom);
    const { error, failed } = outcomeOf(await running);
    assertEquals([error, failed.map(({ step }) => step)], ["ROLLBACK", ["charge (by key)"]]);
    assertEquals(log.length, 2);
  });

  it("has retries and a timeout of its own, and one key in all attempts", async () => {
    const keys: string[] = [];
    const charge = step({
      name: "charge",
      run: () => Promise.reject(boom),
      undoByKey: {
        retry: { count: 1 },
        timeout: 50,
        run: (ctx: { order: string }, { key, effectKey, attempt, error, signal }) => {
          keys.push(`${key} for ${effectKey} of ${ctx.order}`);
          assertStrictEquals(error, boom);
          assertEquals(signal.aborted, false);
          if (attempt === 1) throw stuck;
        },
      },
    });
    const p = pipeline({ name: "p", steps: [charge] });
    const { rollback } = failureOf(await p.run({ order: "o1" }, { runId: "r" }));
    const expected = "r/p/charge!key for r/p/charge of o1";
    assertEquals([keys, rollback.completed], [[expected, expected], ["charge"]]);
  });

  it("is refused at once when it is not an undo", () => {
    const run = () => {};
    for (
      const [undoByKey, message] of [
        [
          7,
          "Cannot create step 's' as 'undoByKey' must be a function or " +
          "{ run, retry, timeout, afterMs }: current value is 7",
        ],
        [
          { run, after: 5 },
          "Cannot undo 's' as its options must be among " +
          'run, retry, timeout, afterMs: current value is "after"',
        ],
        [
          { run, afterMs: -1 },
          "Cannot undo 's' as 'afterMs' must be a number of milliseconds " +
          "from 0 to 2147483647: current value is -1",
        ],
      ] as const
    ) {
      // @ts-expect-error it is not
      assertThrows(() => step({ name: "s", run, undoByKey }), ConfigError, message);
    }
  });
});
