import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { otel } from "@runsheet/otel";
import { pipeline, step } from "@runsheet/runsheet";
import { cleanups } from "../../../tests/support/cleanup.ts";
import { deferred } from "../../../tests/support/deferred.ts";
import { listening } from "../../../tests/support/landing.ts";
import { Tracing, withContextManager } from "./support/tracing.ts";

describe("an attempt that lands late", () => {
  withContextManager();
  const { fakeTime } = cleanups();

  /** A run whose charge is given up, and lands when the run has ended. */
  async function landLate(retry?: { count: number }): Promise<Tracing> {
    const time = fakeTime();
    const tracing = new Tracing();
    const { watches, options } = listening();
    const landed = deferred();
    const charge = step({
      name: "charge",
      timeout: 50,
      ...(retry && { retry }),
      run: async () => {
        await landed.promise;
        tracing.mark("POST charge");
        return { chargeId: "c1" };
      },
      rollback: async () => {
        await Promise.resolve();
        tracing.mark("POST refund");
      },
    });
    const flow = pipeline({ name: "flow", steps: [charge] });
    const running = flow.run({}, {
      ...options,
      observer: otel({ tracerProvider: tracing.provider }),
    });
    for (let attempt = 0; attempt <= (retry?.count ?? 0); attempt++) await time.tickAsync(50);
    await running;
    landed.resolve();
    await Promise.all(watches);
    return tracing;
  }

  it("has a span until it is undone, with the undo inside", async () => {
    const tracing = await landLate();
    assertEquals(tracing.tree(), [
      "run flow ! TIMEOUT",
      "  charge ! TIMEOUT",
      "    late charge (compensated)",
      "      undo charge -> charge",
      "        POST refund",
      "    POST charge",
    ]);
    assertEquals(tracing.orphans, []);
  });

  it("has one for each attempt", async () => {
    const tracing = await landLate({ count: 1 });
    assertEquals(tracing.tree(), [
      "run flow ! RETRY_EXHAUSTED",
      "  charge ! RETRY_EXHAUSTED",
      "    attempt charge ! TIMEOUT",
      "      POST charge",
      "    late charge (compensated)",
      "      undo charge -> charge",
      "        POST refund",
      "    attempt charge ! TIMEOUT",
      "      POST charge",
      "    late charge (same-effect)",
    ]);
    assertEquals(tracing.orphans, []);
  });
});
