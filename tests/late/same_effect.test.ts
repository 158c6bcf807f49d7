import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { RunOptions } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";
import { gated, type GatedOptions } from "../support/gated.ts";
import { listening } from "../support/landing.ts";
import { dataOf, outcomeOf } from "../support/results.ts";

describe("an attempt that lands after the step has succeeded", () => {
  const { fakeTime } = cleanups();

  /** Gives up attempt 1, and lets attempt 2 succeed. */
  async function retried(options: RunOptions, more: GatedOptions = {}) {
    const time = fakeTime();
    const gates = gated({ timeout: 50, retry: { count: 1 }, ...more });
    const running = gates.charge.run({}, options);
    await time.tickAsync(50);
    await drain();
    gates.land(2, "c");
    dataOf(await running);
    return gates;
  }

  it("is undone when its key differs, as something under it is due to be undone", async () => {
    const { reports, options } = listening();
    const { log, land } = await retried(options, {
      onStart: ({ defer }, n) => defer(() => log.push(`undo part of ${n}`)),
    });
    land(1, "c");
    await drain();
    assertEquals(log.slice(1), ["run 2 with key~2", "undo c of key", "undo part of 1"]);
    assertEquals(reports, ["charge@1 compensated"]);
  });
});

describe("attempts that land after the step has failed", () => {
  const { fakeTime } = cleanups();

  it("are undone once when they have the same key and the same output", async () => {
    const time = fakeTime();
    const { reports, options } = listening();
    const { charge, log, land } = gated({ timeout: 50, retry: { count: 1 } });
    const running = charge.run({}, options);
    await time.tickAsync(50);
    await drain();
    await time.tickAsync(50);
    assertEquals(outcomeOf(await running).error, "RETRY_EXHAUSTED");
    land(2, "c");
    land(1, "c");
    await drain();
    assertEquals(log.slice(2), ["undo c of key"]);
    assertEquals(reports, ["charge@2 compensated", "charge@1 same-effect"]);
  });
});
