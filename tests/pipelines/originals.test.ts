// Bugs of runsheet for Python and runsheet-js in steps, pipelines, middleware and nesting.
import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  ConfigError,
  isRunsheetError,
  type LateReport,
  type Middleware,
  pipeline,
  RetryExhaustedError,
  type Schema,
  step,
} from "@runsheet/runsheet";
import { type } from "arktype";
import * as z from "zod";
import { dataOf, failureOf } from "../support/results.ts";
import { cleanups } from "../support/cleanup.ts";
import { never } from "../support/deferred.ts";
import { boom, fail, logged } from "../support/steps.ts";

const copy: Middleware = (_step, next) => async (ctx) => ({ ...await next(ctx) });

describe("unlike the TypeScript original", () => {
  const { fakeTime } = cleanups();

  it("undoes every timed-out attempt that lands late", async () => {
    const time = fakeTime();
    const landed: number[] = [];
    const undone: number[] = [];
    const late: LateReport[] = [];
    const charge = step({
      name: "charge",
      timeout: 100,
      retry: { count: 2 },
      run: (_ctx, { attempt }) =>
        new Promise<{ charge: number }>((resolve) => {
          setTimeout(() => {
            landed.push(attempt);
            resolve({ charge: attempt });
          }, 1_000);
        }),
      rollback: (_ctx, { charge }) => void undone.push(charge),
    });
    const running = charge.run({}, { onLate: (report) => late.push(report) });
    for (let attempt = 0; attempt < 3; attempt++) await time.tickAsync(100);
    assertInstanceOf(failureOf(await running).error, RetryExhaustedError);
    await time.tickAsync(1_000);
    await time.runMicrotasks();
    assertEquals(landed, [1, 2, 3]);
    assertEquals(undone, [1, 2, 3]);
    assertEquals(late.map(({ outcome }) => outcome), [
      "compensated",
      "compensated",
      "compensated",
    ]);
  });

  it("undoes the effect of a step whose output does not match provides", async () => {
    const log: string[] = [];
    const a = step({
      name: "a",
      provides: type({ id: "string" }) as Schema<object>,
      run: () => {
        log.push("a");
        return {};
      },
      rollback: () => void log.push("undo a"),
    });
    failureOf(await a.run({}));
    assertEquals(log, ["a", "undo a"]);
  });

  it("uses the values that a schema has parsed", async () => {
    const a = step({
      name: "a",
      requires: type({ n: "string.numeric.parse", unit: "string = 'kg'" }),
      provides: z.object({ sum: z.coerce.number() }),
      run: (ctx) => ({ sum: `${ctx.n + 1}`, unit: ctx.unit }),
    });
    const data: unknown = dataOf(await a.run({ n: "41" }));
    assertEquals(data, { sum: 42 });
  });

  it("undoes nested steps, and reports it correctly, when a middleware copies the result", async () => {
    const log: string[] = [];
    const inner = pipeline({ name: "inner", steps: [logged("a", log)] });
    const p = pipeline({ name: "p", steps: [inner, fail], middleware: [copy] });
    assertEquals(failureOf(await p.run()).rollback.completed, ["inner/a"]);
    assertEquals(log, ["a", "undo a"]);
  });

  it("reports the handlers that ran inside a nested pipeline that failed", async () => {
    const log: string[] = [];
    const inner = pipeline({ name: "inner", steps: [logged("a", log), fail] });
    const { rollback, failedStep } = failureOf(await pipeline({ name: "p", steps: [inner] }).run());
    assertEquals(rollback.completed, ["inner/a"]);
    assertEquals(failedStep, "inner/fail");
  });

  it("does not reject when a middleware throws before it returns its function", async () => {
    const early: Middleware = () => {
      throw boom;
    };
    const failure = failureOf(
      await pipeline({ name: "p", steps: [fail], middleware: [early] }).run(),
    );
    assertStrictEquals(failure.error, boom);
  });

  it("takes an asynchronous argsSchema", async () => {
    const argsSchema = z.object({
      n: z.number().refine((n) => Promise.resolve(n > 0), "must be positive"),
    });
    const p = pipeline({ name: "p", argsSchema, steps: [] });
    assertEquals(dataOf(await p.run({ n: 1 })), { n: 1 });
    assert(isRunsheetError(failureOf(await p.run({ n: 0 })).error, "ARGS_VALIDATION"));
  });

  it("does not undo a step that a middleware answered for", async () => {
    const log: string[] = [];
    const answer: Middleware = ({ name }, next) =>
      name === "a" ? () => ({ success: true, data: {} }) : next;
    const p = pipeline({ name: "p", steps: [logged("a", log), fail], middleware: [answer] });
    assertEquals(failureOf(await p.run()).rollback.completed, []);
    assertEquals(log, []);
  });

  it("does not let a nested pipeline write old values over new ones", async () => {
    const set = step({ name: "set", run: () => ({ n: "new" }) });
    const slow = pipeline({
      name: "slow",
      steps: [step({ name: "other", run: () => ({ other: 1 }) })],
    });
    const overwrite: Middleware = ({ name }, next) => (ctx) =>
      next(name === "slow" ? { ...ctx, n: "old" } : ctx);
    const p = pipeline({ name: "p", steps: [set, slow], middleware: [overwrite] });
    assertEquals<unknown>(dataOf(await p.run()), { n: "new", other: 1 });
  });

  it("leaves the cause of the application's error alone", async () => {
    const cause = new Error("cause");
    const error = new Error("with cause", { cause });
    const undoable = step({
      name: "undoable",
      run: () => {},
      rollback: () => Promise.reject(new Error("stuck")),
    });
    const failing = step({
      name: "failing",
      retry: { count: 1, retryIf: () => false },
      run: () => Promise.reject(error),
    });
    const failure = failureOf(await pipeline({ name: "p", steps: [undoable, failing] }).run());
    assertStrictEquals(failure.error, error);
    assertStrictEquals(error.cause, cause);
  });

  it("refuses a timeout that is too long for a timer", () => {
    const error = assertThrows(
      () => step({ name: "a", timeout: Infinity, run: () => {} }),
      ConfigError,
    );
    assertEquals(
      error.message,
      "Cannot time 'a' as 'timeout' must be a number of milliseconds from 1 to 2147483647: current value is Infinity",
    );
  });

  it("gives up a rollback handler that hangs", async () => {
    const time = fakeTime();
    const hung = step({
      name: "hung",
      run: () => {},
      rollback: { timeout: 50, run: never },
    });
    const running = pipeline({ name: "p", steps: [hung, fail] }).run();
    await time.tickAsync(50);
    assert(isRunsheetError(failureOf(await running).rollback.failed[0]?.error, "TIMEOUT"));
  });

  it("looks into nested pipelines when it is strict", () => {
    const a = step({ name: "a", provides: type({ id: "string" }), run: () => ({ id: "" }) });
    const inner = pipeline({ name: "inner", steps: [a] });
    // @ts-expect-error step 'a' provides 'id', which a step before it provides, too, and the pipeline is strict
    const error = assertThrows(() => pipeline({ name: "p", strict: true, steps: [inner, a] }));
    assert(isRunsheetError(error, "STRICT_OVERLAP"));
  });
});

describe("unlike the Python original", () => {
  it("gives rollback handlers the values that their types promise", async () => {
    const undone: string[] = [];
    const charge = step({
      name: "charge",
      requires: type({ day: "string.date.parse" }),
      provides: type({ at: "string.date.parse" }),
      run: () => ({ at: "2026-11-24" }),
      rollback: (ctx, output) => void undone.push(ctx.day.toISOString(), output.at.toISOString()),
    });
    const p = pipeline({ name: "p", steps: [charge, fail] });
    assertEquals(failureOf(await p.run({ day: "2026-11-23" })).rollback.completed, ["charge"]);
    assertEquals(undone.map((day) => day.slice(0, 10)), ["2026-11-23", "2026-11-24"]);
  });

  it("undoes the steps when the output is invalid", async () => {
    const log: string[] = [];
    const p = pipeline({
      name: "p",
      steps: [logged("a", log)],
      // @ts-expect-error output needs { missing: string } which no step provides
      output: type({ missing: "string" }),
    });
    assertEquals(failureOf(await p.run()).rollback.completed, ["a"]);
    assertEquals(log, ["a", "undo a"]);
  });

  it("undoes the right run when many run concurrently", async () => {
    const undone: number[] = [];
    const effect = step({
      name: "effect",
      run: async (ctx: { n: number }) => ({ effect: await Promise.resolve(ctx.n) }),
      rollback: (ctx, { effect }) => {
        assertEquals(ctx.n, effect);
        undone.push(effect);
      },
    });
    const odd = step({
      name: "odd",
      run: async (ctx: { n: number }) => {
        await Promise.resolve();
        if (ctx.n % 2 === 1) throw boom;
      },
    });
    const p = pipeline({ name: "p", steps: [pipeline({ name: "inner", steps: [effect] }), odd] });
    const results = await Promise.all(Array.from({ length: 100 }, (_, n) => p.run({ n })));
    assertEquals(
      results.map(({ success }) => success),
      Array.from({ length: 100 }, (_, n) => n % 2 === 0),
    );
    assertEquals(undone.toSorted((a, b) => a - b), Array.from({ length: 50 }, (_, n) => 2 * n + 1));
  });

  it("reports an undo that failed inside a nested pipeline that failed", async () => {
    const stuck = new Error("stuck");
    const a = step({ name: "a", run: () => {}, rollback: () => Promise.reject(stuck) });
    const inner = pipeline({ name: "inner", steps: [a, fail] });
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [inner] }).run());
    assertEquals(rollback.failed, [{ step: "inner/a", error: stuck }]);
  });

  it("does not let a middleware's error escape from run", async () => {
    const log: string[] = [];
    const raise: Middleware = (_step, next) => async (ctx) => {
      await next(ctx);
      throw boom;
    };
    const p = pipeline({ name: "p", steps: [logged("a", log)], middleware: [raise] });
    assertStrictEquals(failureOf(await p.run()).error, boom);
    assertEquals(log, ["a", "undo a"]);
  });

  it("has a context that no step can change", async () => {
    const change = step({
      name: "change",
      run: (ctx: { n: number }) => {
        (ctx as { n: number }).n = 2;
      },
    });
    const failure = failureOf(await pipeline({ name: "p", steps: [change] }).run({ n: 1 }));
    assertInstanceOf(failure.error, TypeError);
    assertEquals(failure.meta.args, { n: 1 });
  });

  it("does not list steps that did not run in stepsExecuted", async () => {
    const answer: Middleware = ({ name }, next) =>
      name === "a" ? () => ({ success: true, data: {} }) : next;
    const p = pipeline({
      name: "p",
      steps: [logged("a", []), logged("b", [])],
      middleware: [answer],
    });
    assertEquals((await p.run()).meta.stepsExecuted, ["b"]);
  });
});
