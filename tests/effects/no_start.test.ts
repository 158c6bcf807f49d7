import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  type Host,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  type Schema,
  step,
} from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { untilRest } from "../support/effects/until_rest.ts";
import { failureOf } from "../support/results.ts";

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const fails = step({
  name: "fails",
  run: async () => {
    await pass(5);
    throw new Error("boom");
  },
});

/** Takes anything, after 10 ms. */
const slow: Schema<Record<string, unknown>> = {
  "~standard": {
    version: 1,
    vendor: "tests",
    validate: async (value) => {
      await pass(10);
      return { value: value as Record<string, unknown> };
    },
  },
};

describe("an attempt whose run is cancelled before it starts", () => {
  const { fakeTime } = cleanups();

  it(
    "never starts, if a step beside it fails while its context is validated",
    async () => {
      const time = fakeTime();
      const log: string[] = [];
      const charge = step({ name: "charge", requires: slow, run: () => void log.push("charge") });
      const p = pipeline({ name: "p", steps: [parallel(fails, charge)] });
      const { error, rollback, failedStep } = failureOf(await untilRest(time, p.run()));
      assertEquals([error.message, rollback.completed, log], ["boom", [], []]);
      assertEquals(failedStep, "parallel(fails, charge)/fails");
    },
  );

  it(
    "never starts, and has no retry, even if it has a timeout of its own",
    async () => {
      const time = fakeTime();
      const log: string[] = [];
      const charge = step({
        name: "charge",
        requires: slow,
        timeout: 50,
        retry: { count: 3, retryIf: () => log.push("asked") > 0 },
        run: () => void log.push("charge"),
        undoByKey: () => void log.push("undo"),
      });
      const p = pipeline({ name: "p", steps: [parallel(fails, charge)] });
      failureOf(await untilRest(time, p.run()));
      assertEquals(log, []);
    },
  );

  it(
    "never starts, if a host delays it and the caller aborts",
    async () => {
      const time = fakeTime();
      const log: string[] = [];
      const host: Host = {
        perform: async (_call, fn) => {
          await pass(10);
          return await fn();
        },
        sleep: (_call, ms) => pass(ms),
      };
      const aborter = new AbortController();
      setTimeout(() => aborter.abort(), 5);
      const charge = step({ name: "charge", run: () => void log.push("charge") });
      const items = map("items", () => [1], () => void log.push("item"));
      for (const steps of [[charge], [items]]) {
        const p = pipeline({ name: "p", steps: steps as never[] });
        const running = p.run({}, { host, signal: aborter.signal });
        const { error } = failureOf(await untilRest(time, running));
        assertEquals([isRunsheetError(error, "ABORTED"), log], [true, []]);
      }
    },
  );
});
