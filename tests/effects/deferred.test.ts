import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { map, type Middleware, pipeline, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";
import { storyOf } from "../support/effects/story.ts";
import { untilRest } from "../support/effects/until_rest.ts";
import { failureOf } from "../support/results.ts";

const c1 = { id: "c1" };

// Rule 4: a deferred undo runs once.
describe("an undo that an attempt deferred before it was given up", () => {
  it("runs once, when the attempt lands", async () => {
    const attempts = [{ at: 30, gives: c1, defers: [0] }];
    assertEquals(await storyOf({ attempts, timeout: 10 }), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "30: deferred 1.1, charge",
      "30: late charge@1 compensated",
    ]);
  });

  it("runs once, when the attempt fails", async () => {
    const attempts = [{ at: 30, fails: "502", defers: [0, 20] }];
    assertEquals(await storyOf({ attempts, timeout: 10 }), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "30: deferred 1.2, charge",
      "30: deferred 1.1, charge",
      "30: late charge@1 rejected: 502",
    ]);
  });

  it("runs once, when the attempt settles after an abort", async () => {
    const attempts = [{ at: 30, gives: c1, defers: [0] }];
    assertEquals(await storyOf({ attempts, abortAt: 10 }), [
      "0: attempt 1 of charge",
      "10: failure ABORTED, undone: nothing",
      "30: deferred 1.1, charge",
      "30: late charge@1 compensated",
    ]);
  });

  it("runs in the run, if the attempt heeds its signal", async () => {
    const attempts = [{ defers: [0], heeds: true }, { at: 5, gives: c1 }];
    assertEquals(await storyOf({ attempts, timeout: 10, retry: { count: 1 }, failsAt: 5 }), [
      "0: attempt 1 of charge",
      "10: deferred 1.1, charge",
      "10: late charge@1 rejected",
      "10: attempt 2 of charge~2",
      "20: failure failing, undone: charge (deferred)",
    ]);
  });

  it("runs in the run, if the attempt lands within its grace period", async () => {
    const attempts = [{ at: 15, fails: "no", defers: [0] }];
    assertEquals(await storyOf({ attempts, timeout: 10, graceMs: 10 }), [
      "0: attempt 1 of charge",
      "15: deferred 1.1, charge",
      "15: late charge@1 rejected: no",
      "15: failure TIMEOUT, undone: charge (deferred)",
    ]);
  });

  it("runs after lateMs at the latest, and only once even if the attempt settles later", async () => {
    const attempts = [{ at: 100, gives: c1, defers: [0] }];
    assertEquals(await storyOf({ attempts, timeout: 10, lateMs: 50, rollback: true }), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "60: deferred 1.1, charge",
      "60: late charge@1 compensated",
      "100: rollback of {id:c1}, charge",
      "100: late charge@1 compensated",
    ]);
  });

  it("runs after 60 s by default", async () => {
    assertEquals(await storyOf({ attempts: [{ defers: [0] }], timeout: 10 }), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "60010: deferred 1.1, charge",
      "60010: late charge@1 compensated",
    ]);
  });

  it("runs lateMs after it was deferred, if that was after the attempt was given up", async () => {
    assertEquals(await storyOf({ attempts: [{ defers: [30] }], timeout: 10, lateMs: 50 }), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "80: deferred 1.1, charge",
      "80: late charge@1 compensated",
    ]);
  });

  it("runs at once if it is deferred after lateMs", async () => {
    assertEquals(await storyOf({ attempts: [{ defers: [0, 90] }], timeout: 10, lateMs: 50 }), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "60: deferred 1.1, charge",
      "60: late charge@1 compensated",
      "90: deferred 1.2, charge",
      "90: late charge@1 compensated",
    ]);
  });
});

describe("an undo that an attempt defers after it has settled", () => {
  const { fakeTime } = cleanups();
  it("runs at once, and is reported, if the attempt has failed", async () => {
    const attempts = [{ at: 10, fails: "no", defers: [5, 20] }];
    assertEquals(await storyOf({ attempts }), [
      "0: attempt 1 of charge",
      "10: deferred 1.1, charge",
      "10: failure no, undone: charge (deferred)",
      "20: deferred 1.2, charge",
      "20: late charge@1 compensated",
    ]);
  });

  it("does not run if the attempt has succeeded", async () => {
    const attempts = [{ at: 10, gives: c1, defers: [20] }];
    assertEquals(await storyOf({ attempts }), [
      "0: attempt 1 of charge",
      "10: success {id:c1}",
    ]);
  });

  it("runs in its place if the attempt has succeeded and the run fails", async () => {
    const attempts = [{ at: 10, gives: c1, defers: [5, 20] }];
    assertEquals(await storyOf({ attempts, rollback: true, failsAt: 20 }), [
      "0: attempt 1 of charge",
      "30: rollback of {id:c1}, charge",
      "30: deferred 1.2, charge",
      "30: deferred 1.1, charge",
      "30: failure failing, undone: charge, charge (deferred), charge (deferred)",
    ]);
  });

  it("runs with the run's undos if the attempt has succeeded with nothing else to undo", async () => {
    const attempts = [{ at: 0, gives: c1, defers: [20] }];
    assertEquals(await storyOf({ attempts, failsAt: 30 }), [
      "0: attempt 1 of charge",
      "30: deferred 1.1, charge",
      "30: failure failing, undone: charge (deferred)",
    ]);
  });

  it("runs at once, and is reported, if the run has failed", async () => {
    const attempts = [{ at: 10, gives: c1, defers: [50] }];
    for (const rollback of [false, true]) {
      const undone = rollback ? ["20: rollback of {id:c1}, charge"] : [];
      assertEquals(await storyOf({ attempts, rollback, failsAt: 10 }), [
        "0: attempt 1 of charge",
        ...undone,
        `20: failure failing, undone: ${rollback ? "charge" : "nothing"}`,
        "50: deferred 1.1, charge",
        "50: late charge@1 compensated",
      ]);
    }
  });

  it("runs at once if the attempt was undone late", async () => {
    const attempts = [{ at: 30, gives: c1, defers: [40] }];
    assertEquals(await storyOf({ attempts, timeout: 10, rollback: true }), [
      "0: attempt 1 of charge",
      "10: failure TIMEOUT, undone: nothing",
      "30: rollback of {id:c1}, charge",
      "30: late charge@1 compensated",
      "40: deferred 1.1, charge",
      "40: late charge@1 compensated",
    ]);
  });

  for (const idempotent of [false, true]) {
    const kind = idempotent ? "an idempotent step" : "a step";
    it(`runs at once if ${kind} was undone by a group that recovers`, async () => {
      const time = fakeTime();
      for (const retries of [0, 1, 2]) {
        const log: string[] = [];
        const reserve = step({
          name: "reserve",
          idempotent,
          retry: { count: retries },
          run: (_ctx, { attempt, defer }) => {
            if (attempt === 1) setTimeout(() => defer(() => log.push("released")), 20);
            throw new Error("no");
          },
        });
        const recover: Middleware = (_step, next) => async (ctx) => {
          const result = await next(ctx);
          return result.success ? result : { success: true, data: {} };
        };
        const onLate = () => log.push("told");
        const p = pipeline({ name: "p", steps: [reserve], middleware: [recover] });
        const result = await untilRest(time, p.run({}, { onLate }));
        assertEquals([retries, result.success, log], [retries, true, ["released", "told"]]);
      }
    });
  }

  it(
    "runs for an item, in the group's undo",
    async () => {
      const time = fakeTime();
      const log: string[] = [];
      const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
      const held = map("held", () => [1, 2, 3], async (n, _ctx, { defer }) => {
        setTimeout(() => defer(() => log.push(`released ${n}`)), 5 * n);
        if (n === 2) {
          await wait(7);
          throw new Error("no");
        }
        await wait(1);
      });
      const p = pipeline({ name: "p", steps: [held] });
      const running = p.run({}, { onLate: ({ step }) => log.push(`late ${step}`) });
      const { rollback } = failureOf(await untilRest(time, running));
      assertEquals(rollback.completed, ["map(held)[0] (deferred)"]);
      assertEquals(log, [
        "released 1",
        "released 2",
        "late map(held)[1]",
        "released 3",
        "late map(held)[2]",
      ]);
    },
  );

  it(
    "runs with all others, even if one of several at once fails",
    async () => {
      const time = fakeTime();
      const held = new Set<string>();
      const reserve = step({
        name: "reserve",
        run: async (_ctx, { defer }) => {
          await Promise.all(["a", "bad", "c"].map(async (id, n) => {
            await new Promise((resolve) => setTimeout(resolve, n * 20));
            if (id === "bad") throw new Error("bad");
            held.add(id);
            defer(() => held.delete(id));
          }));
        },
      });
      const watches: Promise<unknown>[] = [];
      const waitUntil = (watch: Promise<unknown>) => void watches.push(watch);
      await untilRest(time, reserve.run({}, { waitUntil }));
      await drain();
      assertEquals([[...held], watches.length], [[], 1]);
    },
  );
});
