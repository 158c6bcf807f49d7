import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Host, pipeline, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { storyOf } from "../support/effects/story.ts";
import { untilRest } from "../support/effects/until_rest.ts";
import { logged } from "../support/steps.ts";
import { dataOf } from "../support/results.ts";

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe("an undo that runs beside a run", () => {
  const { fakeTime } = cleanups();

  it(
    "does not disturb the run while it is retried",
    async () => {
      const time = fakeTime();
      const log: string[] = [];
      const charge = step({
        name: "charge",
        timeout: 10,
        retry: { count: 1 },
        run: async (_ctx, { attempt }) => {
          await pass(attempt === 1 ? 30 : 5);
          return { charge: attempt };
        },
        rollback: {
          retry: { count: 2 },
          run: async (_ctx, { charge }, { attempt }) => {
            log.push(`undo charge ${charge}, attempt ${attempt}`);
            await pass(50);
            if (attempt < 3) throw new Error("busy");
          },
        },
      });
      const wait = step({ name: "wait", run: () => pass(85) });
      const p = pipeline({
        name: "p",
        // The undo starts at 30 and is retried at 80 and 130; `ship` ends at 100.
        steps: [charge, wait, logged("ship", log), step({ name: "last", run: () => pass(100) })],
      });
      const data = dataOf(await untilRest(time, p.run()));
      assertEquals<unknown>(data, { charge: 2, ship: "done" });
      const undo = "undo charge 1, attempt";
      assertEquals(log, [`${undo} 1`, `${undo} 2`, "ship", `${undo} 3`]);
    },
  );

  it("is not part of that run's report", async () => {
    const attempts = [{ at: 30, gives: { id: "c1" } }, { at: 5, gives: { id: "c2" } }];
    const plot = { attempts, timeout: 10, retry: { count: 1 }, rollback: true, failsAt: 50 };
    assertEquals(await storyOf(plot), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge",
      "30: rollback of {id:c1}, charge",
      "30: late charge@1 compensated",
      "65: rollback of {id:c2}, charge",
      "65: failure failing, undone: charge",
    ]);
  });

  it("is not part of that run's report if it fails, either", async () => {
    const attempts = [{ at: 30, fails: "502" }, { at: 5, gives: { id: "c2" } }];
    const plot = { attempts, timeout: 10, retry: { count: 1 }, undoByKey: "no", failsAt: 50 };
    assertEquals((await storyOf(plot)).slice(2), [
      "30: undo by key charge",
      "30: late charge@1 failed: Cannot undo all that 'charge' did late",
      "65: undo by key charge~2",
      "65: failure failing, undone: not charge",
    ]);
  });

  it(
    "suspends the run by its host, even if that is aborted in a wait",
    async () => {
      const time = fakeTime();
      const suspend = new Error("suspend");
      const host: Host = {
        perform: async ({ kind }, fn) => {
          if (kind === "undo") throw suspend;
          return await fn();
        },
        sleep: (_call, _ms, signal) =>
          new Promise((_resolve, reject) => {
            signal!.addEventListener("abort", () => reject(signal!.reason));
          }),
      };
      // Its first attempt fails late, at 30, and its deferred undos run concurrently with the run.
      const charge = step({
        name: "charge",
        timeout: 10,
        retry: { count: 1 },
        run: async (_ctx, { attempt, defer }) => {
          if (attempt > 1) return;
          defer(() => {});
          await pass(30);
          throw new Error("502");
        },
      });
      const busy = step({
        name: "busy",
        retry: { count: 1, delay: 1_000 },
        run: () => Promise.reject(new Error("busy")),
      });
      const aborter = new AbortController();
      setTimeout(() => aborter.abort(), 60);
      const p = pipeline({ name: "p", steps: [charge, busy] });
      const running = p.run({}, { host, signal: aborter.signal });
      await untilRest(time, running.catch(() => {}));
      assertEquals(await assertRejects(() => running), suspend);
    },
  );
});
