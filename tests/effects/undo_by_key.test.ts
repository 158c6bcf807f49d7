import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, step } from "@runsheet/runsheet";
import { storyOf } from "../support/effects/story.ts";

const c1 = { id: "c1" };

// Rule 5: an effect whose output is unknown.
describe("undoByKey", () => {
  it("undoes an attempt that failed, at once, and the next one has a new key", async () => {
    const retry = { count: 2 };
    const attempts = [{ at: 5, fails: "502" }, { at: 5, fails: "502" }, { at: 5, gives: c1 }];
    const plot = { attempts, retry, rollback: true, undoByKey: true, failsAt: 5 };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "5: undo by key charge",
      "5: attempt 2 of charge~2",
      "10: undo by key charge~2",
      "10: attempt 3 of charge~3",
      "20: rollback of {id:c1}, charge~3",
      "20: failure failing, undone: charge (by key), charge (by key), charge",
    ]);
  });

  it("undoes an attempt that failed and is not retried, with the run", async () => {
    const attempts = [{ at: 5, fails: "502", defers: [1] }];
    assertEquals(await storyOf({ attempts, rollback: true, undoByKey: true }), [
      "0: attempt 1 of charge",
      "5: undo by key charge",
      "5: deferred 1.1, charge",
      "5: failure 502, undone: charge (by key), charge (deferred)",
    ]);
  });

  it("undoes an attempt that was given up when it fails, and leaves it to the rollback when it lands", async () => {
    const retry = { count: 1 };
    const attempts = [{ at: 30, fails: "502" }, { at: 30, gives: c1 }];
    assertEquals(await storyOf({ attempts, retry, timeout: 10, rollback: true, undoByKey: true }), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge~2",
      "20: failure RETRY_EXHAUSTED, undone: nothing",
      "30: undo by key charge",
      "30: late charge@1 rejected: 502",
      "40: rollback of {id:c1}, charge~2",
      "40: late charge@2 compensated",
    ]);
  });

  it("undoes an attempt that never settles, after lateMs", async () => {
    const plot = { attempts: [{}], timeout: 10, lateMs: 50, rollback: true, undoByKey: true };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "60: undo by key charge",
      "60: late charge@1 compensated",
    ]);
  });

  it("undoes an attempt that lands after lateMs, and its output after that", async () => {
    const attempts = [{ at: 100, gives: c1 }];
    const plot = { attempts, timeout: 10, lateMs: 50, rollback: true, undoByKey: true };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "60: undo by key charge",
      "60: late charge@1 compensated",
      "100: rollback of {id:c1}, charge",
      "100: late charge@1 compensated",
    ]);
  });

  it("waits for afterMs, outside the run", async () => {
    const retry = { count: 1 };
    const attempts = [{ at: 5, fails: "502" }, { at: 5, gives: c1 }];
    const plot = { attempts, retry, rollback: true, undoByKey: true, afterMs: 40 };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "5: attempt 2 of charge~2",
      "10: success {id:c1}",
      "45: undo by key charge",
      "45: late charge@1 compensated",
    ]);
  });

  it("does not look for an effect that has arrived and been rolled back in that time", async () => {
    const attempts = [{ at: 30, gives: c1 }];
    const plot = { attempts, timeout: 10, lateMs: 5, rollback: true, undoByKey: true, afterMs: 50 };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "30: rollback of {id:c1}, charge",
      "30: late charge@1 compensated",
    ]);
  });

  it("is reported to onLate as failed, if it fails then", async () => {
    const plot = { attempts: [{ at: 5, fails: "502" }], undoByKey: "no", afterMs: 40 };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "5: failure 502, undone: nothing",
      "45: undo by key charge",
      "45: late charge@1 failed: no",
    ]);
  });

  it("also undoes known outputs, without a rollback", async () => {
    const plot = { attempts: [{ at: 5, gives: c1 }], undoByKey: true, failsAt: 5 };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "10: undo by key charge",
      "10: failure failing, undone: charge",
    ]);
  });

  it("undoes a late output once, without a rollback", async () => {
    const attempts = [{ at: 30, gives: c1 }];
    assertEquals(await storyOf({ attempts, timeout: 10, lateMs: 5, undoByKey: true }), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "15: undo by key charge",
      "15: late charge@1 compensated",
      "30: late charge@1 compensated",
    ]);
  });

  it("is retried, and bounded, by its own policy", async () => {
    const calls: unknown[] = [];
    const charge = step({
      name: "charge",
      run: () => Promise.reject(new Error("502")),
      undoByKey: {
        retry: { count: 1 },
        timeout: 1_000,
        run: (ctx, { attempt, effectKey, key, error }) => {
          calls.push({ ctx, attempt, effectKey, key, error: error.message });
          if (attempt === 1) throw new Error("busy");
        },
      },
    });
    await charge.run({ n: 1 }, { runId: "r" });
    const [effectKey, key] = ["r/charge", "r/charge!key"];
    assertEquals(calls, [
      { ctx: { n: 1 }, attempt: 1, effectKey, key, error: "502" },
      { ctx: { n: 1 }, attempt: 2, effectKey, key, error: "502" },
    ]);
  });

  it("is refused if it is not an undo", () => {
    const run = () => {};
    const refused: [undoByKey: unknown, message: string][] = [
      [
        1,
        "Cannot create step 'charge' as 'undoByKey' must be a function or { run, retry, timeout, afterMs }: current value is 1",
      ],
      [{}, "Cannot undo 'charge' as 'run' must be a function: current value is undefined"],
      [
        { run, after: 1 },
        `Cannot undo 'charge' as its options must be among run, retry, timeout, afterMs: current value is "after"`,
      ],
      [
        { run, afterMs: -1 },
        "Cannot undo 'charge' as 'afterMs' must be a number of milliseconds from 0 to 2147483647: current value is -1",
      ],
      [
        { run, timeout: 0 },
        "Cannot time the rollback of 'charge' as 'timeout' must be a number of milliseconds from 1 to 2147483647: current value is 0",
      ],
    ];
    for (const [undoByKey, message] of refused) {
      const create = () => step({ name: "charge", run, undoByKey: undoByKey as () => void });
      assertEquals(assertThrows(create, ConfigError).message, message);
    }
  });
});

describe("lateMs", () => {
  it("is refused if it is not a number of milliseconds", () => {
    for (const lateMs of [0, -1, NaN, Infinity, 2 ** 31]) {
      const create = () => step({ name: "charge", run: () => {}, lateMs });
      assertEquals(
        assertThrows(create, ConfigError).message,
        `Cannot time 'charge' as 'lateMs' must be a number of milliseconds from 1 to 2147483647: current value is ${lateMs}`,
      );
    }
  });
});
