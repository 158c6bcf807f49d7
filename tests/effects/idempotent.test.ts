import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { type Plot, storyOf } from "../support/effects/story.ts";
import { failureOf } from "../support/results.ts";
import { fail } from "../support/steps.ts";

const c1 = { id: "c1" };
const c2 = { id: "c2" };
const idempotent: Omit<Plot, "attempts"> = {
  idempotent: true,
  rollback: true,
  undoByKey: true,
  retry: { count: 1 },
};
const begun = ["0: attempt 1 of charge", "10: attempt 2 of charge"];

// Rule 6: the same key is one effect.
describe("an idempotent step", () => {
  it("keeps one key, and undoes nothing between its attempts", async () => {
    const attempts = [{ at: 10, fails: "502", defers: [1] }, { at: 5, gives: c1, defers: [1] }];
    assertEquals(await storyOf({ ...idempotent, attempts }), [...begun, "15: success {id:c1}"]);
  });

  it("is undone once, with all undos that its attempts deferred", async () => {
    const attempts = [{ at: 10, fails: "502", defers: [1] }, { at: 5, gives: c1, defers: [1] }];
    assertEquals(await storyOf({ ...idempotent, attempts, failsAt: 5 }), [
      ...begun,
      "20: rollback of {id:c1}, charge",
      "20: deferred 2.1, charge",
      "20: deferred 1.1, charge",
      "20: failure failing, undone: charge, charge (deferred), charge (deferred)",
    ]);
  });

  it("stands after a pivot, whatever its attempts", async () => {
    const ship = step({ name: "ship", pivot: true, run: () => {} });
    const charge = step({
      name: "charge",
      idempotent: true,
      retry: { count: 1 },
      run: (_ctx, { attempt }) => {
        if (attempt === 1) throw new Error("502");
      },
      rollback: () => {},
    });
    const result = await pipeline({ name: "p", steps: [ship, charge, fail] }).run();
    const { committed, rollback: { completed } } = failureOf(result);
    assertEquals([committed, completed], ["ship", []]);
  });

  it("is undone if only a failed attempt has deferred", async () => {
    const attempts = [{ at: 10, fails: "502", defers: [1] }, { at: 5, gives: c1 }];
    const plot = { idempotent: true, retry: { count: 1 }, attempts, failsAt: 5 };
    assertEquals(await storyOf(plot), [
      ...begun,
      "20: deferred 1.1, charge",
      "20: failure failing, undone: charge (deferred)",
    ]);
  });

  it("leaves an attempt that lands late alone while it has succeeded, whatever that returns", async () => {
    const attempts = [{ at: 30, gives: c2, defers: [1] }, { at: 5, gives: c1 }];
    assertEquals(await storyOf({ ...idempotent, attempts, timeout: 10 }), [
      ...begun,
      "15: success {id:c1}",
      "30: late charge@1 same-effect",
    ]);
  });

  it("leaves a late failure alone while it has succeeded", async () => {
    const attempts = [{ at: 30, fails: "502", defers: [1] }, { at: 5, gives: c1 }];
    assertEquals(await storyOf({ ...idempotent, attempts, timeout: 10 }), [
      ...begun,
      "15: success {id:c1}",
      "30: late charge@1 rejected: 502",
    ]);
  });

  it("adopts a late success before it is decided, with that key", async () => {
    const attempts = [{ at: 12, gives: c1, defers: [1] }, { at: 5, fails: "502", defers: [1] }];
    assertEquals(await storyOf({ ...idempotent, attempts, timeout: 10, failsAt: 5 }), [
      ...begun,
      "15: late charge@1 adopted",
      "20: rollback of {id:c1}, charge",
      "20: deferred 1.1, charge",
      "20: deferred 2.1, charge",
      "20: failure failing, undone: charge, charge (deferred), charge (deferred)",
    ]);
  });

  it("is undone once after it has failed, when every attempt has settled", async () => {
    const attempts = [{ at: 50, gives: c1, defers: [1] }, { at: 20, gives: c2 }];
    assertEquals(await storyOf({ ...idempotent, attempts, timeout: 10 }), [
      ...begun,
      "20: failure RETRY_EXHAUSTED, undone: nothing",
      "50: rollback of {id:c1}, charge",
      "50: deferred 1.1, charge",
      "50: late charge@2 compensated",
      "50: late charge@1 compensated",
    ]);
  });

  it("is undone by its key if no attempt has an output", async () => {
    const attempts = [{ at: 50, fails: "502" }, { at: 20, fails: "503" }];
    assertEquals(await storyOf({ ...idempotent, attempts, timeout: 10 }), [
      ...begun,
      "20: failure RETRY_EXHAUSTED, undone: nothing",
      "50: undo by key charge",
      "50: late charge@2 rejected: 503",
      "50: late charge@1 rejected: 502",
    ]);
  });

  it("is undone in the run if every attempt has settled by then", async () => {
    const attempts = [{ at: 10, fails: "502", defers: [1] }, { at: 5, fails: "503" }];
    assertEquals(await storyOf({ ...idempotent, attempts }), [
      ...begun,
      "15: undo by key charge",
      "15: deferred 1.1, charge",
      "15: failure RETRY_EXHAUSTED, undone: charge (by key), charge (deferred)",
    ]);
  });

  it("is undone after lateMs even if an attempt never settles, or another one does meanwhile", async () => {
    const attempts = [{}, { at: 20, fails: "503" }];
    assertEquals(await storyOf({ ...idempotent, attempts, timeout: 10, lateMs: 50 }), [
      ...begun,
      "20: failure RETRY_EXHAUSTED, undone: nothing",
      "70: undo by key charge",
      "70: late charge@2 rejected: 503",
      "70: late charge@1 compensated",
    ]);
  });

  it("is not undone again when an attempt settles after that, except for an unknown output", async () => {
    const attempts = [{ at: 100, gives: c1 }, { at: 110, gives: c2 }];
    assertEquals(await storyOf({ ...idempotent, attempts, timeout: 10, lateMs: 50 }), [
      ...begun,
      "20: failure RETRY_EXHAUSTED, undone: nothing",
      "70: undo by key charge",
      "70: late charge@1 compensated",
      "70: late charge@2 compensated",
      "100: rollback of {id:c1}, charge",
      "100: late charge@1 compensated",
      "120: late charge@2 same-effect",
    ]);
  });

  it("is not undone by its key again for any output, if undoByKey also undoes known ones", async () => {
    const attempts = [{ at: 100, gives: c1 }, { at: 110, gives: c2 }];
    const plot = { ...idempotent, rollback: false, attempts, timeout: 10, lateMs: 50 };
    assertEquals((await storyOf(plot)).slice(3), [
      "70: undo by key charge",
      "70: late charge@1 compensated",
      "70: late charge@2 compensated",
      "100: late charge@1 same-effect",
      "120: late charge@2 same-effect",
    ]);
  });

  it("is undone after an attempt landed late if the run fails later", async () => {
    const attempts = [{ at: 30, gives: c2, defers: [1] }, { at: 5, gives: c1 }];
    assertEquals(await storyOf({ ...idempotent, attempts, timeout: 10, failsAt: 5 }), [
      ...begun,
      "20: failure failing, undone: nothing",
      "30: rollback of {id:c1}, charge",
      "30: deferred 1.1, charge",
      "30: late charge@1 compensated",
    ]);
  });

  it("is undone when the run is aborted, and its attempt has landed", async () => {
    const attempts = [{ at: 30, gives: c1, defers: [1] }];
    assertEquals(await storyOf({ ...idempotent, attempts, abortAt: 10 }), [
      "0: attempt 1 of charge",
      "10: failure ABORTED, undone: nothing",
      "30: rollback of {id:c1}, charge",
      "30: deferred 1.1, charge",
      "30: late charge@1 compensated",
    ]);
  });
});
