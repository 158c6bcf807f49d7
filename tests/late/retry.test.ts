import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { deferred } from "../support/deferred.ts";
import { cleanups } from "../support/cleanup.ts";

describe("an undo of what came late", () => {
  const { fakeTime } = cleanups();

  // The undo's retry unwinds the run's journal, which has more entries than the undo's own.
  it("that must be tried again undoes nothing of a run that goes on", async () => {
    const time = fakeTime();
    const landed = deferred();
    const undoing = deferred();
    const undone: string[] = [];
    const watches: Promise<unknown>[] = [];
    const slow = step({
      name: "slow",
      timeout: 10,
      retry: { count: 1 },
      run: (_ctx, { attempt }) => attempt === 1 ? landed.promise : undefined,
      rollback: {
        retry: { count: 1 },
        run: async (_ctx, _output, { attempt }) => {
          undone.push(`slow ${attempt}`);
          if (attempt > 1) return;
          await undoing.promise;
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
    const land = step({ name: "land", run: () => landed.resolve() });
    const running = pipeline({ name: "p", steps: [slow, land, second, third] })
      .run({}, { waitUntil: (watch) => void watches.push(watch) });
    await time.tickAsync(10);
    const { success } = await running;
    assert(success);
    assertEquals(undone, ["slow 1", "slow 2"]);
  });
});
