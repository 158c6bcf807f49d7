import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { deferred } from "../support/deferred.ts";
import { cleanups } from "../support/cleanup.ts";

describe("the undo of a late attempt", () => {
  const { fakeTime } = cleanups();

  // Its second failure unwinds a journal; by then, the run's journal has more entries than at the
  // first.
  it("that must be retried undoes nothing of a run that continues", async () => {
    const time = fakeTime();
    const landed = deferred();
    const [failedOnce, undoing] = [deferred(), deferred()];
    const undone: string[] = [];
    const watches: Promise<unknown>[] = [];
    const slow = step({
      name: "slow",
      timeout: 10,
      retry: { count: 1 },
      run: (_ctx, { attempt }) => attempt === 1 ? landed.promise : undefined,
      rollback: {
        retry: { count: 2 },
        run: async (_ctx, _output, { attempt }) => {
          undone.push(`slow ${attempt}`);
          if (attempt === 3) return;
          if (attempt === 2) {
            failedOnce.resolve();
            await undoing.promise;
          }
          throw new Error("busy");
        },
      },
    });
    const second = step({ name: "second", run: () => {}, rollback: () => undone.push("second") });
    const third = step({
      name: "third",
      run: async () => {
        undoing.resolve();
        await Promise.all(watches);
      },
    });
    const land = step({
      name: "land",
      run: () => {
        landed.resolve();
        return failedOnce.promise;
      },
    });
    const running = pipeline({ name: "p", steps: [slow, land, second, third] })
      .run({}, { waitUntil: (watch) => void watches.push(watch) });
    await time.tickAsync(10);
    const { success } = await running;
    assert(success);
    assertEquals(undone, ["slow 1", "slow 2", "slow 3"]);
  });
});
