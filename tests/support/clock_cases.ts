// The waits that the engine leaves to a clock, for every clock that tests may install.
import { assert, assertEquals } from "@std/assert";
import { isRunsheetError, pipeline, type Result, step } from "@runsheet/runsheet";
import { never } from "./deferred.ts";
import { fail } from "./steps.ts";

/** Not `drain`: the clock of Deno's `node:test` also stops a `setTimeout` that was taken before. */
async function microtasks(): Promise<void> {
  for (let n = 0; n < 200; n++) await undefined;
}

/** A clock that has replaced the runtime's. */
export interface Clock {
  tick(ms: number): Promise<unknown> | void;
  restore(): void;
}

const failsWith = (code: string) => (result: Result<unknown>) =>
  assert(!result.success && isRunsheetError(result.error, code as "TIMEOUT"));

/** Runs that settle after a second. */
interface Case {
  readonly start: (log: string[]) => Promise<Result<unknown>>;
  readonly check?: (result: Result<unknown>) => void;
  readonly log?: readonly string[];
}

const hung = { name: "hung", run: never };
const undone = (log: string[]) => () => void log.push("undone");

/** Every timeout and wait of the engine. */
export const clockCases: Record<string, Case> = {
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

/** Starts a case, and moves the clock until just before its end and then to it. */
export async function moves(
  clock: Pick<Clock, "tick">,
  { start, check, log: expected = [] }: Case,
): Promise<void> {
  const log: string[] = [];
  const results: Result<unknown>[] = [];
  void start(log).then((result) => results.push(result));
  await microtasks();
  for (const ms of [400, 599]) {
    await clock.tick(ms);
    await microtasks();
  }
  if (expected.length === 0) assertEquals(results, []);
  assertEquals(log, []);
  await clock.tick(1);
  await microtasks();
  // Awaiting the result here would also accept a clock that does not move it.
  const [result] = results;
  assert(result);
  check?.(result);
  assertEquals(log, expected);
}
