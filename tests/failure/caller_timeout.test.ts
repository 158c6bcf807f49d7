import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { isRunsheetError, type Result, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { never } from "../support/deferred.ts";
import { failureOf } from "../support/results.ts";

describe("the caller's signal that times out", () => {
  const { fakeTime } = cleanups();

  const timedOut = (signal: AbortSignal, result: Result<unknown>) => {
    const { error } = failureOf(result);
    assert(isRunsheetError(error, "TIMEOUT"), error.stack);
    assertStrictEquals(error.cause, signal.reason);
    assert(error.cause instanceof DOMException);
    assertEquals([error.timeoutMs, error.name], [undefined, "TimeoutError"]);
    assertEquals(
      error.message,
      "Cannot finish 's' as it must settle before its signal times out: it is still pending",
    );
  };

  it("may be that of AbortSignal.timeout: the run times out, with its reason as the cause", async () => {
    const time = fakeTime();
    const signal = AbortSignal.timeout(100);
    const running = step({ name: "s", timeout: 10_000, run: never }).run({}, { signal });
    await time.tickAsync(100);
    timedOut(signal, await running);
  });

  it("may be one of AbortSignal.any with such a timeout", async () => {
    const time = fakeTime();
    const signal = AbortSignal.any([new AbortController().signal, AbortSignal.timeout(100)]);
    const running = step({ name: "s", timeout: 10_000, run: never }).run({}, { signal });
    await time.tickAsync(100);
    timedOut(signal, await running);
  });

  it("may have timed out before the run", async () => {
    const time = fakeTime();
    const signal = AbortSignal.timeout(100);
    time.tick(100);
    timedOut(signal, await step({ name: "s", run: never }).run({}, { signal }));
  });
});
