import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { storyOf } from "../support/effects/story.ts";

const c1 = { id: "c1" };
const c2 = { id: "c2" };

// Rule 2: a late success before the step is decided is kept.
describe("a late success, before the step is decided,", () => {
  it("is the step's success at once, during the wait before a retry", async () => {
    const retry = { count: 1, delay: 100 };
    const attempts = [{ at: 30, gives: c1 }, { at: 5, gives: c2 }];
    assertEquals(await storyOf({ attempts, retry, timeout: 10, rollback: true, failsAt: 5 }), [
      "0: attempt 1 of charge",
      "30: late charge@1 adopted",
      "35: rollback of {id:c1}, charge",
      "35: failure failing, undone: charge",
    ]);
  });

  it("waits for the attempt in flight, and yields to its success", async () => {
    const attempts = [{ at: 12, gives: c1 }, { at: 5, gives: c2 }];
    const retry = { count: 1 };
    assertEquals(await storyOf({ attempts, retry, timeout: 10, rollback: true, failsAt: 5 }), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge",
      "15: rollback of {id:c1}, charge",
      "15: late charge@1 compensated",
      "20: rollback of {id:c2}, charge",
      "20: failure failing, undone: charge",
    ]);
  });

  it("waits for the attempt in flight, and counts if that fails", async () => {
    const attempts = [{ at: 12, gives: c1 }, { at: 5, fails: "no" }];
    const retry = { count: 1 };
    assertEquals(await storyOf({ attempts, retry, timeout: 10, rollback: true }), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge",
      "15: late charge@1 adopted",
      "15: success {id:c1}",
    ]);
  });

  it("waits for the attempt in flight, and counts if that is given up", async () => {
    const attempts = [{ at: 12, gives: c1 }, { at: 30, gives: c2 }];
    const retry = { count: 5 };
    assertEquals(await storyOf({ attempts, retry, timeout: 10, rollback: true }), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge",
      "20: late charge@1 adopted",
      "20: success {id:c1}",
      "40: rollback of {id:c2}, charge",
      "40: late charge@2 compensated",
    ]);
  });

  it("counts once the failed attempt after it is undone", async () => {
    const attempts = [{ at: 12, gives: c1 }, { at: 5, fails: "no" }];
    const retry = { count: 1 };
    const plot = { attempts, retry, timeout: 10, lateMs: 90, rollback: true, undoByKey: true };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge~2",
      "15: undo by key charge~2",
      "15: late charge@1 adopted",
      "15: success {id:c1}",
    ]);
  });

  it("does not count, and is undone, if the attempt after it cannot be undone", async () => {
    const attempts = [{ at: 12, gives: c1 }, { at: 5, fails: "no" }];
    const retry = { count: 1 };
    const plot = { attempts, retry, timeout: 10, rollback: true, undoByKey: "not now" };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge~2",
      "15: undo by key charge~2",
      "15: rollback of {id:c1}, charge",
      "15: late charge@1 compensated",
      "15: failure ROLLBACK, undone: charge, not charge (by key)",
    ]);
  });

  it("keeps its deferred undos, which run with its own", async () => {
    const attempts = [{ at: 12, gives: c1, defers: [1, 11] }, { at: 5, fails: "no" }];
    const retry = { count: 1 };
    assertEquals(await storyOf({ attempts, retry, timeout: 10, rollback: true, failsAt: 5 }), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge~2",
      "15: late charge@1 adopted",
      "20: rollback of {id:c1}, charge",
      "20: deferred 1.2, charge",
      "20: deferred 1.1, charge",
      "20: failure failing, undone: charge, charge (deferred), charge (deferred)",
    ]);
  });

  it("does not count if something under its key has been undone before the next attempt", async () => {
    const attempts = [
      { at: 14, gives: c1 },
      { at: 5, fails: "no", defers: [1] },
      { at: 5, gives: { id: "c3" } },
    ];
    const retry = { count: 2 };
    assertEquals(await storyOf({ attempts, retry, timeout: 10, rollback: true }), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge",
      "15: rollback of {id:c1}, charge",
      "15: late charge@1 compensated",
      "15: deferred 2.1, charge",
      "15: attempt 3 of charge~2",
      "20: success {id:c3}",
    ]);
  });

  it("does not count if the run has been given up meanwhile", async () => {
    const attempts = [{ at: 12, gives: c1 }, { at: 30, fails: "no" }];
    const retry = { count: 1 };
    const plot = { attempts, retry, timeout: 10, rollback: true, abortAt: 15 };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge",
      "15: rollback of {id:c1}, charge",
      "15: late charge@1 compensated",
      "15: failure ABORTED, undone: charge",
      "40: late charge@2 rejected: no",
    ]);
  });

  it("counts within its grace period", async () => {
    const retry = { count: 1 };
    const attempts = [{ at: 15, gives: c1 }, { at: 5, gives: c2 }];
    assertEquals(await storyOf({ attempts, retry, timeout: 10, graceMs: 10, rollback: true }), [
      "0: attempt 1 of charge",
      "15: late charge@1 adopted",
      "15: success {id:c1}",
    ]);
  });

  it("counts with overlap 'never'", async () => {
    const retry = { count: 1 };
    const attempts = [{ at: 50, gives: c1 }, { at: 5, gives: c2 }];
    const plot = { attempts, retry, timeout: 10, overlap: "never", rollback: true } as const;
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "50: late charge@1 adopted",
      "50: success {id:c1}",
    ]);
  });

  it("does not count without retries, as the step has failed", async () => {
    assertEquals(
      await storyOf({ attempts: [{ at: 30, gives: c1 }], timeout: 10, rollback: true }),
      [
        "0: attempt 1 of charge",
        "10: failure TIMEOUT, undone: nothing",
        "30: rollback of {id:c1}, charge",
        "30: late charge@1 compensated",
      ],
    );
  });
});
