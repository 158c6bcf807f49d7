// Fake clocks move every timeout and wait of the engine. vitest's is sinon's.
import * as nodeTest from "node:test";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { isRunsheetError, pipeline, type Result, step } from "@runsheet/runsheet";
// @ts-types="@types/sinonjs__fake-timers"
import FakeTimers from "@sinonjs/fake-timers";
import { cleanups } from "../support/cleanup.ts";
import { never } from "../support/deferred.ts";
import { fail } from "../support/steps.ts";

/** Not `drain`: the clock of Deno's `node:test` also stops a `setTimeout` that was taken before. */
async function microtasks(): Promise<void> {
  for (let n = 0; n < 200; n++) await undefined;
}

/** A clock that has replaced the runtime's. */
interface Clock {
  tick(ms: number): Promise<unknown> | void;
  restore(): void;
}

const clocks: Record<string, () => Clock> = {
  "FakeTime of std": () => {
    const time = new FakeTime();
    return { tick: (ms) => time.tickAsync(ms), restore: () => time.restore() };
  },
  "sinon": () => {
    const clock = FakeTimers.install({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    return { tick: (ms) => clock.tickAsync(ms), restore: () => clock.uninstall() };
  },
  "node:test": () => {
    const { timers } = nodeTest.mock;
    timers.enable({ apis: ["setTimeout"] });
    return { tick: (ms) => timers.tick(ms), restore: () => timers.reset() };
  },
};

const failsWith = (code: string) => (result: Result<unknown>) =>
  assert(!result.success && isRunsheetError(result.error, code as "TIMEOUT"));

interface Case {
  /** Starts what settles after a second. */
  readonly start: (log: string[]) => Promise<Result<unknown>>;
  readonly check?: (result: Result<unknown>) => void;
  readonly log?: readonly string[];
}

const hung = { name: "hung", run: never };
const undone = (log: string[]) => () => void log.push("undone");

const cases: Record<string, Case> = {
  "a step's timeout": {
    start: () => step({ ...hung, timeout: 1_000 }).run({}),
    check: failsWith("TIMEOUT"),
  },
  "a pipeline's timeout": {
    start: () => pipeline({ name: "p", timeout: 1_000, steps: [step(hung)] }).run(),
    check: failsWith("TIMEOUT"),
  },
  "a rollback's timeout": {
    start: () => {
      const done = step({
        name: "done",
        run: () => {},
        rollback: { timeout: 1_000, run: never },
      });
      return pipeline({ name: "p", steps: [done, fail] }).run();
    },
    check: (result) => assert(!result.success && result.rollback.failed.length === 1),
  },
  "the wait before a retry": {
    start: () =>
      step({
        name: "again",
        retry: { count: 1, delay: 1_000 },
        run: (_ctx, { attempt }) => {
          if (attempt === 1) throw new Error("busy");
        },
      }).run({}),
    check: (result) => assert(result.success),
  },
  "the grace of a call that was given up": {
    start: () => step({ ...hung, timeout: 400, graceMs: 600 }).run({}),
    check: failsWith("TIMEOUT"),
  },
  "the limit of what is undone late": {
    start: (log) =>
      step({
        name: "late",
        timeout: 400,
        lateMs: 600,
        run: (_ctx, { defer }) => {
          defer(undone(log));
          return never();
        },
      }).run({}),
    log: ["undone"],
  },
  "the wait before an undo by key": {
    start: (log) =>
      step({
        name: "lost",
        run: () => Promise.reject(new Error("lost")),
        undoByKey: {
          afterMs: 1_000,
          run: undone(log),
        },
      }).run({}),
    log: ["undone"],
  },
};

for (const [name, install] of Object.entries(clocks)) {
  describe(`the clock of ${name} moves`, () => {
    const { after } = cleanups();
    for (const [what, { start, check, log: expected = [] }] of Object.entries(cases)) {
      it(what, async () => {
        const log: string[] = [];
        const clock = install();
        after(() => clock.restore());
        let result: Result<unknown> | undefined;
        const running = start(log).then((settled) => result = settled);
        await microtasks();
        for (const ms of [400, 599]) {
          await clock.tick(ms);
          await microtasks();
        }
        if (expected.length === 0) assertEquals(result, undefined);
        assertEquals(log, []);
        await clock.tick(1);
        await microtasks();
        check?.(await running);
        assertEquals(log, expected);
      });
    }
  });
}
