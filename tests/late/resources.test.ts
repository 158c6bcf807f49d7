// Late attempts and the release of resources.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { pipeline, resource, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";

/** Waits for a number of microtasks. */
async function microtasks(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await undefined;
}

describe("a late attempt", () => {
  const { fakeTime } = cleanups();

  it("leaves no timer if it lands while the run releases its resources", async () => {
    const time = fakeTime();
    const left: number[] = [];
    for (let ticks = 0; ticks < 60; ticks++) {
      const controller = new AbortController();
      const slow = step({
        name: "slow",
        run: async () => {
          controller.abort();
          await microtasks(ticks);
        },
      });
      const inner = pipeline({ name: "inner", steps: [slow] });
      const outer = step({
        name: "outer",
        run: async (_ctx: object, info) => void (await inner.run({}, info)),
      });
      const steps = [resource({ name: "a", acquire: () => 1, release: () => {} }), outer];
      await pipeline({ name: "p", steps }).run({}, { signal: controller.signal });
      await drain();
      if (time.next()) left.push(ticks);
    }
    assertEquals(left, []);
  });
});
