import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertInstanceOf, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  ConfigError,
  isRunsheetError,
  pipeline,
  sleep,
  step,
  TimeoutError,
  waitFor,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";
import { RecordingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";

const before = step({ name: "before", run: () => ({ before: 1 }), rollback: () => {} });
const end = step({ name: "end", run: () => ({ end: 1 }) });

describe("sleep", () => {
  const { fakeTime } = cleanups();

  it("waits, and adds nothing", async () => {
    const time = fakeTime();
    let isOver = false;
    const running = pipeline({ name: "p", steps: [sleep("nap", 1_000), end] }).run();
    running.then(() => isOver = true);
    await time.tickAsync(999);
    await drain();
    assertFalse(isOver);
    await time.tickAsync(1);
    assertEquals(dataOf(await running), { end: 1 });
  });

  it("waits longer than a timer can", async () => {
    const time = fakeTime();
    let isOver = false;
    const running = sleep("long", 30 * 86_400_000).run({});
    running.then(() => isOver = true);
    await time.tickAsync(2 ** 31 - 1);
    await drain();
    assertFalse(isOver);
    await time.tickAsync(30 * 86_400_000 - 2 ** 31);
    await drain();
    assert((await running).success);
  });

  it("ends with an abort, and earlier steps are undone", async () => {
    fakeTime();
    const controller = new AbortController();
    const running = pipeline({ name: "p", steps: [before, sleep("nap", 1_000), end] })
      .run({}, { signal: controller.signal });
    await drain();
    controller.abort();
    const { error, failedStep, rollback } = failureOf(await running);
    assert(isRunsheetError(error, "ABORTED"));
    assertEquals([failedStep, rollback.completed], ["nap", ["before"]]);
  });

  it("goes through a host", async () => {
    const host = new RecordingHost();
    await pipeline({ name: "p", steps: [sleep("nap", 1_000)] }).run({}, { host });
    assertEquals(host.sleeps.map(({ id, ms }) => [id, ms]), [["nap!sleep", 1_000]]);
  });

  it("refuses anything that is not a number of milliseconds", () => {
    for (const ms of [-1, NaN, Infinity, "1" as never]) {
      const { message } = assertThrows(() => sleep("nap", ms), ConfigError);
      assert(message.startsWith("Cannot create sleep 'nap' as 'ms' must be a number"));
    }
  });
});

describe("waitFor", () => {
  const { fakeTime } = cleanups();
  const approval = waitFor("approval", {
    provides: type({ approvedBy: "string" }),
    timeout: 1_000,
  });

  it("adds the data of the event, typed and validated", async () => {
    const asked: unknown[] = [];
    const events = {
      wait(name: string, { runId }: { readonly runId: string }) {
        asked.push([name, runId]);
        return Promise.resolve({ approvedBy: "ann" });
      },
    };
    const order = pipeline({ name: "order", steps: [approval] });
    const result = await order.run({}, { events, runId: "o1" });
    const data = dataOf(result);
    assertType<IsExact<typeof data.approvedBy, string>>(true);
    assertEquals(data, { approvedBy: "ann" });
    assertEquals(asked, [["approval", "o1"]]);
  });

  it("fails if the event's data do not match provides", async () => {
    const events = { wait: () => ({ approvedBy: 1 }) };
    const { error } = failureOf(await approval.run({}, { events }));
    assert(isRunsheetError(error, "PROVIDES_VALIDATION"));
  });

  it("fails at its timeout, and its signal aborts", async () => {
    const time = fakeTime();
    let signal: AbortSignal | undefined;
    const events = {
      wait(_name: string, info: { readonly signal: AbortSignal }) {
        signal = info.signal;
        return new Promise(() => {});
      },
    };
    const running = pipeline({ name: "order", steps: [before, approval] }).run({}, { events });
    await drain();
    await time.tickAsync(1_000);
    const { error, failedStep, rollback } = failureOf(await running);
    assertInstanceOf(error, TimeoutError);
    assertEquals([failedStep, rollback.completed], ["approval", ["before"]]);
    assert(signal?.aborted);
  });

  it("ends with an abort", async () => {
    const controller = new AbortController();
    const events = { wait: () => new Promise(() => {}) };
    const running = approval.run({}, { events, signal: controller.signal });
    await drain();
    controller.abort();
    assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
  });

  it("fails with the error that its source throws", async () => {
    const lost = new Error("queue lost");
    const events = { wait: () => Promise.reject(lost) };
    assertEquals(failureOf(await approval.run({}, { events })).error, lost);
  });

  it("needs a source of events", async () => {
    const { error } = failureOf(await approval.run({}));
    assertEquals(
      error.message,
      "Cannot wait for 'approval' as run() must be given 'events': current value is undefined",
    );
  });

  it("may come after a pivot in a strict pipeline, unless it can time out", () => {
    const ship = step({ name: "ship", pivot: true, run: () => {} });
    const strict = (timeout?: number) => {
      const wait = timeout === undefined ? waitFor("answer") : waitFor("answer", { timeout });
      return pipeline({ name: "p", strict: true, steps: [ship, wait] });
    };
    strict();
    assertThrows(
      () => strict(5),
      ConfigError,
      "'answer' must have a 'retry', or stand in a pipeline",
    );
  });
});
