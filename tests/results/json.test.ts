import { describe, it } from "node:test";
import { inspect } from "node:util";
import { assert, assertEquals } from "@std/assert";
import {
  type LateReport,
  pipeline,
  type Result,
  type ResultJSON,
  step,
  toJSON,
} from "@runsheet/runsheet";
import { ledger, sweep } from "@runsheet/runsheet/testing";
import { deferred } from "../support/deferred.ts";
import { cleanups } from "../support/cleanup.ts";
import { logged, SECRET } from "../support/logged.ts";
import { failureOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

/** A client that holds its secret key, as clients do. */
class Client {
  readonly key = SECRET;
}

const args = { token: SECRET, client: new Client(), order: { lines: [{ sku: "tea" }] } };

describe("a result as JSON", () => {
  const reserve = step({
    name: "reserve",
    run: () => ({ slot: 7 }),
    rollback: () => {},
  });
  const unsend = step({
    name: "notify",
    run: () => {},
    rollback: () => Promise.reject(new TypeError("cannot unsend")),
  });

  it("that succeeded has the steps that ran, but neither args nor data", async () => {
    const result = await pipeline({ name: "p", steps: [reserve] }).run(args, { runId: "r1" });
    assertEquals(logged(result), {
      success: true,
      meta: { name: "p", stepsExecuted: ["reserve"], runId: "r1" },
    });
  });

  it("that failed has the error, its place, and the undos, by path", async () => {
    const inner = pipeline({ name: "inner", steps: [reserve, unsend] });
    const result = await pipeline({ name: "p", steps: [inner, fail] }).run(args, { runId: "r1" });
    assertEquals(logged(result), {
      success: false,
      error: { name: "Error", message: "boom" },
      failedStep: "fail",
      rollback: {
        completed: ["inner/reserve"],
        failed: [{
          step: "inner/notify",
          error: { name: "TypeError", message: "cannot unsend" },
        }],
      },
      meta: { name: "p", stepsExecuted: ["inner", "fail"], runId: "r1" },
    });
  });

  it("is the same at any depth, and the key that JSON.stringify passes is not an option", async () => {
    const result = await pipeline({ name: "p", steps: [reserve] }).run(args, { runId: "r1" });
    const { success, meta } = logged(result) as ResultJSON;
    assertEquals(logged({ args: result, list: [result] }), {
      args: { success, meta },
      list: [{ success, meta }],
    });
  });

  it("also hides args and data in its parts, and in a copy that is passed to toJSON", async () => {
    const ok = await pipeline({ name: "p", steps: [reserve] }).run(args, { runId: "r1" });
    const failed = failureOf(await pipeline({ name: "p", steps: [unsend, fail] }).run(args));
    assertEquals(logged(ok.meta), { name: "p", stepsExecuted: ["reserve"], runId: "r1" });
    assertEquals(logged(failed.rollback), {
      completed: [],
      failed: logged(failed.rollback.failed),
    });
    assertEquals(logged(failed.rollback.failed), [
      { step: "notify", error: { name: "TypeError", message: "cannot unsend" } },
    ]);
    assertEquals(logged(toJSON({ ...ok })), logged(ok));
    assertEquals(ok.meta.runId, "r1");
    for (
      const copy of [{ result: { ...ok } }, [{ ...ok }], { id: 1, run: { meta: { ...ok.meta } } }]
    ) {
      logged(toJSON(copy));
    }
    assertEquals(toJSON({ result: { ...ok } }, { args: true }), {
      result: toJSON(ok, { args: true }),
    });
  });

  it("of a step that returns the result of another run does not show that run's args either", async () => {
    const inner = pipeline({ name: "inner", steps: [reserve] });
    const result = await step({
      name: "outer",
      run: async () => ({ inner: await inner.run(args, { runId: "r1", apart: true }) }),
    })
      .run({});
    assert(result.success);
    assertEquals(logged(result.data), {
      inner: { success: true, meta: { name: "inner", stepsExecuted: ["reserve"], runId: "r1" } },
    });
  });

  it("has args and data on request, but only the kind of a client", async () => {
    const result = await pipeline({ name: "p", steps: [reserve] }).run(args, { runId: "r1" });
    const order = { lines: [{ sku: "tea" }] };
    assertEquals<unknown>(toJSON(result, { args: true }), {
      success: true,
      data: { token: SECRET, client: "a Client", order, slot: 7 },
      meta: {
        name: "p",
        args: { token: SECRET, client: "a Client", order },
        stepsExecuted: ["reserve"],
        runId: "r1",
      },
    });
    const failed = await pipeline({ name: "p", steps: [fail] }).run(args);
    assertEquals(toJSON(failed, { args: true }).meta.args, {
      token: SECRET,
      client: "a Client",
      order,
    });
    assertEquals(toJSON(failed, {}), logged(failed));
    assertEquals(toJSON(failed, { args: false }), logged(failed));
  });

  it("never throws, whatever the args are", async () => {
    const cyclic: Record<string, unknown> = { n: 1n, f: () => 1, s: Symbol("s"), u: undefined };
    cyclic["self"] = cyclic;
    const deep: unknown[] = [];
    let innermost = deep;
    for (let n = 0; n < 100_000; n++) innermost.push(innermost = []);
    const hostile = new Proxy({}, {
      ownKeys: () => {
        throw boom;
      },
    });
    const given = {
      cyclic,
      deep,
      hostile,
      date: new Date(0),
      noDate: new Date(NaN),
      map: new Map([[1, 2]]),
      error: new RangeError("out", { cause: SECRET }),
    };
    const result = await pipeline({ name: "p", steps: [reserve] }).run(given);
    logged(result);
    const told = toJSON(result, { args: true }).meta.args as Record<string, unknown>;
    assertEquals(JSON.stringify(told["deep"]), `${"[".repeat(61)}"an array of 1"${"]".repeat(61)}`);
    assertEquals(told["cyclic"], {
      n: "1n",
      f: "function f",
      s: "Symbol(s)",
      u: undefined,
      self: "[circular]",
    });
    assertEquals(told["hostile"], "a value that cannot be shown");
    assertEquals(told["date"], "1970-01-01T00:00:00.000Z");
    assertEquals(told["noDate"], "a Date");
    assertEquals(told["map"], "a Map");
    assertEquals(told["error"], { name: "RangeError", message: "out", cause: SECRET });
  });

  it("describes the reason of an abort that is not an error by its kind, without args", async () => {
    const a = step({ name: "a", run: () => {} });
    const told = async (reason: unknown) => {
      const result = await a.run({}, { signal: AbortSignal.abort(reason) });
      return [{}, { args: true }].map((options) => toJSON(result, options).error?.cause);
    };
    assertEquals(await told(SECRET), ["a string", SECRET]);
    assertEquals(await told(42), ["a number", "42"]);
    assertEquals(await told(boom), [0, 1].map(() => ({ name: "Error", message: "boom" })));
  });

  it("does not show in the result itself", async () => {
    const ok: Result<object> = await pipeline({ name: "p", steps: [reserve] }).run({});
    const failed = failureOf(await pipeline({ name: "p", steps: [unsend, fail] }).run());
    assertEquals(Object.keys(ok), ["success", "data", "meta"]);
    assertEquals(Object.keys(failed), ["success", "error", "failedStep", "rollback", "meta"]);
    assertEquals(Object.keys(ok.meta), ["name", "args", "stepsExecuted"]);
    assertEquals(failed.rollback.completed, []);
    assertEquals(failed.rollback, { completed: [], failed: [...failed.rollback.failed] });
    for (const part of [ok, failed, ok.meta, failed.rollback, failed.rollback.failed[0]]) {
      assert(Object.isFrozen(part));
      assertEquals(inspect(part), inspect({ ...part }));
    }
    assertEquals<unknown>(structuredClone(ok), { ...ok, meta: { ...ok.meta } });
  });
});

describe("a report as JSON", () => {
  const { fakeTime } = cleanups();

  it("of a late attempt has its error", async () => {
    const time = fakeTime();
    const late: LateReport[] = [];
    const gate = deferred<void>();
    const watches: Promise<unknown>[] = [];
    const slow = step({ name: "slow", timeout: 5, run: () => gate.promise });
    const running = slow.run({}, {
      onLate: (report) => late.push(report),
      waitUntil: (watch) => watches.push(watch),
    });
    await time.tickAsync(5);
    await running;
    gate.reject(new RangeError("late"));
    await Promise.all(watches);
    assertEquals(logged(late), [{
      step: "slow",
      attempt: 1,
      outcome: "rejected",
      error: { name: "RangeError", message: "late" },
    }]);
  });

  it("of a sweep has its rows", async () => {
    const books = ledger();
    const charge = step({ name: "charge", run: () => books.add("charge", "c1") });
    const report = await sweep(charge, {}, { ledger: books });
    const { pipeline, runs, rows } = logged(report) as { [key: string]: unknown };
    assertEquals([pipeline, runs], [report.pipeline, report.runs]);
    assertEquals((rows as unknown[]).length, report.rows.length);
  });
});
