import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { storyOf } from "../support/effects/story.ts";
import { spawnScript } from "../support/spawn.ts";

const c1 = { id: "c1" };
const begun = ["0: attempt 1 of charge", "10: failure TIMEOUT, undone: nothing"];

// Rule 7: the reports of abandoned attempts. Adopted and equal ones have files of their own.
describe("onLate", () => {
  it("is called with an attempt that landed and is undone", async () => {
    const attempts = [{ at: 30, gives: c1 }];
    assertEquals(await storyOf({ attempts, timeout: 10, rollback: true }), [
      ...begun,
      "30: rollback of {id:c1}, charge",
      "30: late charge@1 compensated",
    ]);
  });

  it("is called with an attempt that landed and cannot be undone, after all retries of its undo", async () => {
    const attempts = [{ at: 30, gives: c1 }];
    const plot = { attempts, timeout: 10, rollback: "no refund", undoRetries: 1 };
    assertEquals(await storyOf(plot), [
      ...begun,
      "30: rollback of {id:c1}, charge",
      "30: rollback of {id:c1}, charge, attempt 2",
      "30: late charge@1 failed: Cannot retry 'charge' as its 1 retries are used up: Error: no refund",
    ]);
  });

  it("is called with an attempt that landed and has no undo", async () => {
    assertEquals(await storyOf({ attempts: [{ at: 30, gives: c1 }], timeout: 10 }), [
      ...begun,
      "30: late charge@1 no-handler",
    ]);
  });

  it("is called with an attempt that failed", async () => {
    const attempts = [{ at: 30, fails: "502" }];
    assertEquals(await storyOf({ attempts, timeout: 10, rollback: true }), [
      ...begun,
      "30: late charge@1 rejected: 502",
    ]);
  });

  it("is called with an attempt that failed, and whose key cannot be undone", async () => {
    const attempts = [{ at: 30, fails: "502" }];
    assertEquals(await storyOf({ attempts, timeout: 10, undoByKey: "no void" }), [
      ...begun,
      "30: undo by key charge",
      "30: late charge@1 failed: Cannot undo all that 'charge' did late",
    ]);
  });

  it("is called with an undo that waits for afterMs when that is done, and not before", async () => {
    const attempts = [{ at: 30, gives: c1 }];
    assertEquals(await storyOf({ attempts, timeout: 10, undoByKey: true, afterMs: 20 }), [
      ...begun,
      "50: undo by key charge",
      "50: late charge@1 compensated",
    ]);
  });

  it("is called during the run with an attempt that lands within its grace period", async () => {
    const attempts = [{ at: 15, gives: c1 }];
    const plot = { attempts, timeout: 10, graceMs: 10, rollback: true, failsAt: 5 };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "15: late charge@1 adopted",
      "20: rollback of {id:c1}, charge",
      "20: failure failing, undone: charge",
    ]);
  });
});

describe("an undo that fails late", () => {
  for (const how of ["rollback", "undoByKey", "afterMs", "defer", "idempotent"]) {
    it(`becomes an unhandled error without onLate: ${how}`, async () => {
      const { stdout, stderr, code } = await spawnScript("late_undo", [how]);
      assertEquals([stdout, stderr, code], ["TimeoutError\nunhandled Error: no refund\n", "", 0]);
    });

    it(`does not with onLate: ${how}`, async () => {
      const { stdout, stderr, code } = await spawnScript("late_undo", [how, "onLate"]);
      assertEquals([stdout, stderr, code], ["TimeoutError\nfailed Error: no refund\n", "", 0]);
    });
  }
});
