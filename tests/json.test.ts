import { describe, it } from "node:test";
import { inspect } from "node:util";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  choice,
  ConfigError,
  type ErrorJSON,
  isRunsheetError,
  type LateReport,
  map,
  parallel,
  pipeline,
  type Result,
  type ResultJSON,
  type Schema,
  step,
  StrictOverlapError,
  toJSON,
  type UnknownError,
} from "@runsheet/runsheet";
import { ledger, sweep } from "@runsheet/runsheet/testing";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { withFakeTime } from "./support/fake_time.ts";
import { deferred } from "./support/deferred.ts";
import { failureOf } from "./support/results.ts";
import { boom, fail } from "./support/steps.ts";

const SECRET = "s3cret";

/** A client that holds its key, as clients do. */
class Client {
  readonly key = SECRET;
}

const args = { token: SECRET, client: new Client(), order: { lines: [{ sku: "tea" }] } };

/** What JSON.stringify prints, read again. */
function logged(value: unknown): unknown {
  const line = JSON.stringify(value);
  assertFalse(line.includes(SECRET), line);
  return JSON.parse(line);
}

async function errorOf(thrown: unknown): Promise<unknown> {
  const failing = step({ name: "failing", run: () => Promise.reject(thrown) });
  const { error } = logged(await failing.run({})) as ResultJSON;
  return error;
}

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

  it("that succeeded tells what ran, but neither args nor data", async () => {
    const result = await pipeline({ name: "p", steps: [reserve] }).run(args);
    assertEquals(logged(result), {
      success: true,
      meta: { name: "p", stepsExecuted: ["reserve"] },
    });
  });

  it("that failed tells the error, where, and what was undone, by path", async () => {
    const inner = pipeline({ name: "inner", steps: [reserve, unsend] });
    const result = await pipeline({ name: "p", steps: [inner, fail] }).run(args);
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
      meta: { name: "p", stepsExecuted: ["inner", "fail"] },
    });
  });

  it("is the same wherever it stands, and what JSON.stringify gives as a key is no option", async () => {
    const result = await pipeline({ name: "p", steps: [reserve] }).run(args);
    const { success, meta } = logged(result) as ResultJSON;
    assertEquals(logged({ args: result, list: [result] }), {
      args: { success, meta },
      list: [{ success, meta }],
    });
  });

  it("hides args and data in its parts, too, and in a copy that is given to toJSON", async () => {
    const ok = await pipeline({ name: "p", steps: [reserve] }).run(args);
    const failed = failureOf(await pipeline({ name: "p", steps: [unsend, fail] }).run(args));
    assertEquals(logged(ok.meta), { name: "p", stepsExecuted: ["reserve"] });
    assertEquals(logged(failed.rollback.failed), [
      { step: "notify", error: { name: "TypeError", message: "cannot unsend" } },
    ]);
    assertEquals(logged(toJSON({ ...ok })), logged(ok));
  });

  it("of a step that gives the result of another run does not tell that one's args either", async () => {
    const inner = pipeline({ name: "inner", steps: [reserve] });
    const result = await step({
      name: "outer",
      run: async () => ({ inner: await inner.run(args) }),
    })
      .run({});
    assert(result.success);
    assertEquals(logged(result.data), {
      inner: { success: true, meta: { name: "inner", stepsExecuted: ["reserve"] } },
    });
  });

  it("tells args and data when asked to, but of a client only what it is", async () => {
    const result = await pipeline({ name: "p", steps: [reserve] }).run(args);
    const order = { lines: [{ sku: "tea" }] };
    assertEquals<unknown>(toJSON(result, { args: true }), {
      success: true,
      data: { token: SECRET, client: "a Client", order, slot: 7 },
      meta: {
        name: "p",
        args: { token: SECRET, client: "a Client", order },
        stepsExecuted: ["reserve"],
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

describe("an error as JSON", () => {
  it("of the application is its name, code and message, and those of what caused it", async () => {
    const reset = Object.assign(new Error("socket hang up"), {
      code: "ECONNRESET",
      config: { headers: { authorization: SECRET } },
      toJSON: () => ({ config: SECRET }),
    });
    const outer = new TypeError("fetch failed", { cause: reset });
    assertEquals(await errorOf(outer), {
      name: "TypeError",
      message: "fetch failed",
      cause: { name: "Error", code: "ECONNRESET", message: "socket hang up" },
    });
  });

  it("of the application is not searched for what the library's have", async () => {
    const ofPool = Object.assign(new Error("pool"), {
      errors: [SECRET],
      causes: [new Error(SECRET)],
      issues: [{ message: SECRET }],
      attempts: 3,
    });
    assertEquals(await errorOf(ofPool), { name: "Error", message: "pool" });
  });

  it("tells of a cause that is no error in a few words", async () => {
    const because = (cause: unknown) => errorOf(new Error("x", { cause }));
    const told = async (cause: unknown) => (await because(cause) as ErrorJSON).cause;
    assertEquals(await told("the user left"), "the user left");
    assertEquals(await told(404), "404");
    assertEquals(await told(10n), "10n");
    assertEquals(await told(null), "null");
    assertEquals(await told({ password: SECRET }), "an object with keys [password]");
    assertEquals(await told(undefined), undefined);
  });

  it("of several failures tells each", async () => {
    const other = step({ name: "other", run: () => Promise.reject(new RangeError("odd")) });
    const both = parallel.with({ onFailure: "settle" })(fail, other);
    const { error } = logged(await both.run({})) as ResultJSON;
    assertEquals(error?.name, "AggregateError");
    assertEquals(error?.errors, [
      { name: "Error", message: "boom" },
      { name: "RangeError", message: "odd" },
    ]);
    const oddities = new AggregateError([boom, "words", { key: SECRET }], "mixed");
    assertEquals((await errorOf(oddities) as ErrorJSON).errors, [
      { name: "Error", message: "boom" },
      { name: "UnknownError", message: "words" },
      { name: "UnknownError", message: "an object with keys [key]" },
    ]);
  });

  it("tells how often it was tried, and each error once", async () => {
    const retried = step({ name: "a", retry: { count: 1 }, run: () => Promise.reject(boom) });
    assertEquals((logged(await retried.run({})) as ResultJSON).error, {
      name: "RetryExhaustedError",
      code: "RETRY_EXHAUSTED",
      message: failureOf(await retried.run({})).error.message,
      attempts: 2,
      errors: [{ name: "Error", message: "boom" }, { name: "Error", message: "boom" }],
    });
  });

  it("tells the limit of a timeout", async () => {
    const slow = step({ name: "slow", timeout: 1, run: () => new Promise<void>(() => {}) });
    const { error } = logged(await slow.run({})) as ResultJSON;
    assertEquals([error?.code, error?.timeoutMs], ["TIMEOUT", 1]);
  });

  it("tells what could not be undone", async () => {
    const stuck = step({
      name: "stuck",
      retry: { count: 1 },
      run: (_ctx, { defer }) => {
        defer(() => Promise.reject(new RangeError("stays")));
        throw boom;
      },
    });
    const { error } = logged(await stuck.run({})) as ResultJSON;
    assertEquals(error?.code, "ROLLBACK");
    assertEquals(error?.errors, [{ name: "RangeError", message: "stays" }]);
    assertEquals(error?.cause, { name: "Error", message: "boom" });
  });

  it("does not tell the value that was thrown", async () => {
    assertEquals(await errorOf({ password: SECRET }), {
      name: "UnknownError",
      code: "UNKNOWN",
      message:
        "Cannot use what was thrown as it must be an Error: current value is an object with keys [password]",
    });
  });

  const schemas: Record<string, Schema<{ user: { tokens: number[] } }>> = {
    arktype: type({ user: { tokens: "number[]" } }),
    zod: z.object({ user: z.object({ tokens: z.array(z.number()) }) }),
    valibot: v.object({ user: v.object({ tokens: v.array(v.number("must be a number")) }) }),
  };
  for (const [dialect, argsSchema] of Object.entries(schemas)) {
    it(`of ${dialect} tells each issue with its path, and no value, nor does a console`, async () => {
      const p = pipeline({ name: "p", argsSchema, steps: [] });
      // @ts-expect-error a token is a number
      const failure = failureOf(await p.run({ user: { tokens: [1, SECRET] }, more: SECRET }));
      const { error } = logged(failure) as ResultJSON;
      assertEquals(error?.issues?.map(({ path }) => path), [["user", "tokens", 1]]);
      assertStringIncludes(error?.issues?.[0]?.message ?? "", "number");
      assertEquals(logged(failure.error), error);
      const shown = inspect(failure.error, { depth: Infinity });
      assertFalse(shown.includes(SECRET), shown);
      assert(isRunsheetError(failure.error, "ARGS_VALIDATION"));
      assertEquals(failure.error.issues.length, 1);
    });
  }

  it("shows the library's own fields on a console, but no args", async () => {
    const slow = step({ name: "slow", timeout: 1, run: () => new Promise<void>(() => {}) });
    const choosing = choice([() => Promise.reject(boom), fail]);
    const cases = {
      TIMEOUT: slow.run(args),
      PREDICATE: choosing.run(args),
      ABORTED: fail.run(args, { signal: AbortSignal.abort() }),
      REQUIRES_VALIDATION: map("m", () => args.order as never, () => 1).run(args),
    };
    for (const [code, run] of Object.entries(cases)) {
      const { error } = failureOf(await run);
      assertStringIncludes(inspect(error, { depth: Infinity }), code);
      assertFalse(inspect(error, { depth: Infinity }).includes(SECRET));
      assertEquals((logged(error) as ErrorJSON).code, code);
    }
  });

  it("is there for errors that are thrown, too", () => {
    assertEquals(logged(new StrictOverlapError("Cannot", "id", ["a", "b"])), {
      name: "StrictOverlapError",
      code: "STRICT_OVERLAP",
      message: "Cannot",
    });
    assertType<IsExact<ReturnType<UnknownError["toJSON"]>, ErrorJSON>>(true);
  });

  it("never throws, and has an end, whatever the error is", async () => {
    const circle = new Error("a");
    circle.cause = new Error("b", { cause: circle });
    assertEquals(await errorOf(circle), {
      name: "Error",
      message: "a",
      cause: { name: "Error", message: "b", cause: { name: "Error", message: "a" } },
    });

    const bomb = new AggregateError([], "bomb");
    bomb.errors = Array.from({ length: 1_000 }, () => bomb);
    assertEquals((await errorOf(bomb) as ErrorJSON).errors?.length, 1_000);

    let chain = new Error("end");
    for (let n = 0; n < 100_000; n++) chain = new Error("link", { cause: chain });
    assertEquals(JSON.stringify(await errorOf(chain)).match(/link/g)?.length, 9);
    assertEquals(
      JSON.stringify(new ConfigError("deep", { cause: chain })).match(/link/g)?.length,
      8,
    );

    const thrower = () => {
      throw boom;
    };
    const hostile = new Error("hostile");
    for (const key of ["name", "message", "code", "cause", "errors", "toJSON"]) {
      Object.defineProperty(hostile, key, { get: thrower });
    }
    await errorOf(hostile);
    const odd = Object.assign(new Error(), { name: 1n, message: Symbol("m"), code: {}, cause: 1n });
    assertEquals(await errorOf(odd), { name: "1n", message: "Symbol(m)", cause: "1n" });
    const { proxy, revoke } = Proxy.revocable(new Error("revoked"), {});
    const holder = new AggregateError([proxy], "holder", { cause: proxy });
    revoke();
    await errorOf(holder);
    toJSON(proxy);
  });
});

describe("a report as JSON", () => {
  it(
    "of a late attempt tells its error",
    withFakeTime(async (time) => {
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
    }),
  );

  it("of a sweep tells its rows", async () => {
    const books = ledger();
    const charge = step({ name: "charge", run: () => books.add("charge", "c1") });
    const report = await sweep(charge, {}, { ledger: books });
    const { pipeline, runs, rows } = logged(report) as { [key: string]: unknown };
    assertEquals([pipeline, runs], [report.pipeline, report.runs]);
    assertEquals((rows as unknown[]).length, report.rows.length);
  });
});
