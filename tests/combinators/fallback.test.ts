import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  ConfigError,
  fallback,
  isRunsheetError,
  type LateReport,
  map,
  parallel,
  pipeline,
  type Result,
  step,
  when,
} from "@runsheet/runsheet";
import { assertCompensated, ledger, stub, sweep } from "@runsheet/runsheet/testing";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";
import { RecordingHost, ReplayingHost, throughJson } from "../support/hosts.ts";
import { dataOf, failureOf, plainOf } from "../support/results.ts";
import { boom, fail, logged } from "../support/steps.ts";

const first = step({
  name: "first",
  run: (ctx: { ok: boolean }): { rate: number; exact: boolean } => {
    if (!ctx.ok) throw boom;
    return { rate: 1, exact: true };
  },
});
const second = step({ name: "second", run: (ctx: { cached: number }) => ({ rate: ctx.cached }) });

describe("fallback", () => {
  for (
    const [form, p] of Object.entries({
      array: pipeline({ name: "p", steps: [fallback(first, second)] }),
      builder: pipeline({ name: "p" }).fallback(first, second).build(),
    })
  ) {
    it(`runs its alternative only when its step has failed (${form})`, async () => {
      const result = await p.run({ ok: true, cached: 2 });
      type Data = { ok: boolean; cached: number; rate: number; exact?: boolean };
      assertType<IsExact<typeof result, Result<Data>>>(true);
      assertEquals(dataOf(result), { ok: true, cached: 2, rate: 1, exact: true });
      const other = await p.run({ ok: false, cached: 2 });
      assertEquals(dataOf(other), { ok: false, cached: 2, rate: 2 });
      assertEquals(other.meta.stepsExecuted, ["fallback(first, second)"]);
    });
  }

  it("takes data from a function that receives the error and the context", async () => {
    const alone = fallback(first, async (error, ctx) => {
      await drain();
      assertStrictEquals(error, boom);
      return { rate: ctx.ok ? 3 : 4 };
    });
    const result = await pipeline({ name: "p", steps: [alone] }).run({ ok: false });
    assertType<IsExact<typeof result, Result<{ ok: boolean; rate: number; exact?: boolean }>>>(
      true,
    );
    assertEquals(dataOf(result), { ok: false, rate: 4 });
    const built = pipeline({ name: "p" }).step(step({ name: "n", run: () => ({ n: 7 }) }))
      .fallback(first, (_error, { n }) => ({ rate: n })).build();
    assertEquals(dataOf(await built.run({ ok: false })).rate, 7);
  });

  it("makes a step optional if its function returns nothing", async () => {
    const alone = fallback(first, () => {});
    const result = await alone.run({ ok: false });
    assertType<IsExact<typeof result, Result<{ rate?: number; exact?: boolean }>>>(true);
    assertEquals(dataOf(result), {});
  });

  it("undoes what its step did before the alternative runs, and what the alternative did when the run fails", async () => {
    const log: string[] = [];
    const broken = pipeline({ name: "broken", steps: [logged("a", log), fail] });
    const p = pipeline({
      name: "p",
      steps: [logged("z", log), fallback(broken, logged("b", log)), fail],
    });
    const { rollback } = failureOf(await p.run());
    assertEquals(log, ["z", "a", "undo a", "b", "undo b", "undo z"]);
    assertEquals(rollback.completed, [
      "fallback(broken, b)/broken/a",
      "fallback(broken, b)/b",
      "z",
    ]);
  });

  it("fails with both errors when its alternative fails, too", async () => {
    const late = new RangeError("late");
    const failure = failureOf(
      await fallback(fail, step({ name: "other", run: () => Promise.reject(late) })).run({}),
    );
    assertInstanceOf(failure.error, AggregateError);
    assertEquals(failure.error.errors, [boom, late]);
    assertEquals(failure.failedStep, "fallback(fail, other)/other");
    const thrown = failureOf(await fallback(fail, () => Promise.reject(late)).run({}));
    assertInstanceOf(thrown.error, AggregateError);
    assertEquals([thrown.error.errors, thrown.failedStep], [[boom, late], "fallback(fail)"]);
  });

  it("does not run its alternative when something could not be undone", async () => {
    const log: string[] = [];
    const stuck = step({ name: "stuck", run: () => {}, rollback: () => Promise.reject(boom) });
    const broken = pipeline({ name: "broken", steps: [stuck, fail] });
    const { error } = failureOf(await fallback(broken, logged("b", log)).run({}));
    assert(isRunsheetError(error, "ROLLBACK"));
    assertEquals(log, []);
  });

  it("does not recover from an abort, or from the timeout of a pipeline", async () => {
    const log: string[] = [];
    const controller = new AbortController();
    const abort = step({
      name: "abort",
      run: () => {
        controller.abort();
        throw boom;
      },
    });
    const group = fallback(abort, logged("b", log));
    const aborted = failureOf(await group.run({}, { signal: controller.signal }));
    assert(isRunsheetError(aborted.error, "ABORTED") || aborted.error === boom);
    const hangs = step({ name: "hangs", run: () => new Promise<void>(() => {}) });
    const p = pipeline({ name: "p", timeout: 5, steps: [fallback(hangs, logged("b", log))] });
    assert(isRunsheetError(failureOf(await p.run()).error, "TIMEOUT"));
    assertEquals(log, []);
  });

  const { fakeTime } = cleanups();

  it("takes over from a step that times out, and undoes it when it lands", async () => {
    const time = fakeTime();
    const undone: string[] = [];
    const slow = step({
      name: "slow",
      timeout: 10,
      run: async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        return { id: "slow" };
      },
      rollback: (_ctx, { id }) => void undone.push(id),
    });
    const reports: LateReport[] = [];
    const quick = step({ name: "quick", run: () => ({ id: "quick" }) });
    const running = fallback(slow, quick).run({}, { onLate: (report) => reports.push(report) });
    await time.tickAsync(10);
    assertEquals(dataOf(await running), { id: "quick" });
    assertEquals(undone, []);
    await time.tickAsync(40);
    await drain();
    assertEquals(undone, ["slow"]);
    assertEquals(reports.map(({ step, outcome }) => `${step} ${outcome}`), [
      "fallback(slow, quick)/slow compensated",
    ]);
  });

  it("works inside every other combinator, and they work inside it", async () => {
    const inner = parallel(
      fallback(fail, () => ({ a: 1 })),
      when(() => true, fallback(fail, () => ({ b: 2 }))),
    );
    const outer = fallback(pipeline({ name: "q", steps: [inner, fail] }), inner);
    assertEquals(dataOf(await outer.run({})), { a: 1, b: 2 });
    const each = map("out", () => [true, false], fallback(first, () => ({ rate: 9 })), {
      as: "ok",
    });
    assertEquals(dataOf(await each.run({})).out.map(({ rate }) => rate), [1, 9]);
    const nested = fallback(fallback(fail, fail), () => ({ c: 3 }));
    assertEquals(dataOf(await nested.run({})), { c: 3 });
  });

  it("is the same when the run is replayed from its record", async () => {
    for (const alternative of [second, () => ({ rate: 5 })]) {
      const p = pipeline({ name: "p", steps: [fallback(first, alternative as typeof second)] });
      const args = { ok: false, cached: 2 };
      const recording = new RecordingHost();
      const result = await p.run(args, { host: recording });
      const host = new ReplayingHost(throughJson(recording.outcomes));
      assertEquals(plainOf(await p.run(args, { host })), plainOf(result));
      assertEquals(host.unused, []);
    }
  });

  it("leaves nothing behind, whatever goes wrong in its step and in its alternative", async () => {
    const books = ledger();
    const reserve = (name: string) =>
      step({
        name,
        timeout: 50,
        run: async (_ctx, { key }) => {
          await books.addOnce(name, key);
          return { by: name };
        },
        undoByKey: { run: (_ctx, { effectKey }) => books.forbid(name, effectKey), timeout: 50 },
      });
    const p = pipeline({ name: "p", steps: [fallback(reserve("a"), reserve("b"))] });
    const report = await sweep(p, {}, { ledger: books });
    assertCompensated(report);
    assert(report.rows.some(({ id, fault }) => id.endsWith("/b@1") && fault === "late"));
  });

  it("accepts fakes for its steps", async () => {
    const p = stub(pipeline({ name: "p", steps: [fallback(first, second)] }), {
      first: () => Promise.reject(boom),
      second: () => ({ rate: 11 }),
    });
    assertEquals(dataOf(await p.run({ ok: true, cached: 0 })).rate, 11);
  });

  it("refuses data that is not an object of keys, like the output of a step", async () => {
    const alone = fallback(fail, () => [1] as never);
    const { error } = failureOf(await alone.run({}));
    assertInstanceOf(error, AggregateError);
    assert(isRunsheetError(error.errors[1], "PROVIDES_VALIDATION"));
  });

  it("refuses anything that is not a step or a function", () => {
    assertEquals(
      // @ts-expect-error this is not a step
      assertThrows(() => fallback({ name: "x" }, second), ConfigError).message,
      "Cannot create fallback() as 'step' must be a step: current value is an object with keys [name]",
    );
    assertEquals(
      // @ts-expect-error it is neither
      assertThrows(() => fallback(first, 5), ConfigError).message,
      "Cannot create fallback() as 'alternative' must be a function: current value is 5",
    );
    // @ts-expect-error step 'second' needs { cached: number }, which nothing before it provides
    pipeline({ name: "p", argsSchema: schema }).fallback(first, second);
  });
});

const schema = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value: unknown) => ({ value: value as { ok: boolean } }),
    types: undefined as { input: { ok: boolean }; output: { ok: boolean } } | undefined,
  },
} as const;
