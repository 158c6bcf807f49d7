import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { pipeline, step, unwrap } from "@runsheet/runsheet";
import { storyOf } from "../support/effects/story.ts";

const c1 = { id: "c1" };

// Rule 1: `key` identifies the effect until something under it is undone or due to be undone.
describe("the key of an attempt", () => {
  it("is that of the previous attempt, if nothing of that is undone", async () => {
    const retry = { count: 2 };
    const attempts = [{ at: 0, fails: "no" }, { at: 5, fails: "no" }, { at: 5, gives: c1 }];
    assertEquals(await storyOf({ attempts, retry, rollback: true }), [
      "0: attempt 1 of charge",
      "0: attempt 2 of charge",
      "5: attempt 3 of charge",
      "10: success {id:c1}",
    ]);
  });

  it("is new after an attempt that deferred and failed", async () => {
    const attempts = [{ at: 5, fails: "no", defers: [2] }, { at: 5, gives: c1 }];
    assertEquals(await storyOf({ attempts, retry: { count: 1 } }), [
      "0: attempt 1 of charge",
      "5: deferred 1.1, charge",
      "5: attempt 2 of charge~2",
      "10: success {id:c1}",
    ]);
  });

  it("is new after an attempt that deferred and is still in flight", async () => {
    const attempts = [{ at: 30, fails: "no", defers: [2] }, { at: 5, gives: c1 }];
    assertEquals(await storyOf({ attempts, retry: { count: 1 }, timeout: 10 }), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge~2",
      "15: success {id:c1}",
      "30: deferred 1.1, charge",
      "30: late charge@1 rejected: no",
    ]);
  });

  it("is new once an abandoned attempt has deferred before the next one starts", async () => {
    const retry = { count: 1, delay: 20 };
    const attempts = [{ at: 50, fails: "no", defers: [15] }, { at: 5, gives: c1 }];
    assertEquals(await storyOf({ attempts, retry, timeout: 10 }), [
      "0: attempt 1 of charge",
      "30: attempt 2 of charge~2",
      "35: success {id:c1}",
      "50: deferred 1.1, charge",
      "50: late charge@1 rejected: no",
    ]);
  });

  it("is new once a failed attempt has deferred after its end, also for later attempts", async () => {
    const retry = { count: 2 };
    const attempts = [
      { at: 5, fails: "no", defers: [8] },
      { at: 5, fails: "no" },
      { at: 5, gives: c1 },
    ];
    assertEquals(await storyOf({ attempts, retry }), [
      "0: attempt 1 of charge",
      "5: attempt 2 of charge",
      "10: deferred 1.1, charge",
      "10: late charge@1 compensated",
      "10: attempt 3 of charge~2",
      "15: success {id:c1}",
    ]);
  });

  it("is new once an attempt that landed late was undone, as it did not count", async () => {
    const retry = { count: 3 };
    const attempts = [
      { at: 22, gives: c1 },
      { at: 5, fails: "no", defers: [1] },
      { at: 10, fails: "no" },
      { at: 5, gives: { id: "c4" } },
    ];
    assertEquals(await storyOf({ attempts, retry, timeout: 12, rollback: true }), [
      "0: attempt 1 of charge",
      "12: attempt 2 of charge",
      "17: deferred 2.1, charge",
      "17: attempt 3 of charge~2",
      "22: rollback of {id:c1}, charge",
      "22: late charge@1 compensated",
      "27: attempt 4 of charge~2",
      "32: success {id:c4}",
    ]);
  });

  it("is that of the previous attempt even if that is undone late, when nothing of it happened", async () => {
    const retry = { count: 2 };
    const attempts = [{ at: 12, fails: "no" }, { at: 5, fails: "no" }, { at: 5, gives: c1 }];
    assertEquals(await storyOf({ attempts, retry, timeout: 10, rollback: true }), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge",
      "12: late charge@1 rejected: no",
      "15: attempt 3 of charge",
      "20: success {id:c1}",
    ]);
  });
});

describe("a key as a header", () => {
  const sent = (key: string) => new Headers({ "Idempotency-Key": key }).get("Idempotency-Key");

  for (const name of ["zahlung €", "日本", "two\nlines", " spaced ", "\ud800", "%u20AC"]) {
    it(`is sent as it is by a step, its undo and an inner run called ${JSON.stringify(name)}`, async () => {
      const keys: string[] = [];
      const charge = step({
        name,
        run: (_ctx, { key }) => void keys.push(key),
        rollback: (_ctx, _output, { key, effectKey }) => void keys.push(key, effectKey),
      });
      const inner = pipeline({ name, steps: [charge] });
      const pay = step({ name, run: async (_ctx, info) => unwrap(await inner.run({}, info)) });
      const fail = step({ name: "fail", run: () => Promise.reject(new Error("no")) });
      await pipeline({ name, steps: [charge, pay, fail] }).run({}, { runId: name });
      assertEquals(keys.map(sent), keys);
      assertEquals(new Set(keys).size, 4); // two effects and two undos
    });
  }
});
