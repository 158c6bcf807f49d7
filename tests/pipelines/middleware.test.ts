import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  isRunsheetError,
  type Middleware,
  pipeline,
  RollbackError,
  step,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail, logged } from "../support/steps.ts";

/** A middleware for the step of that name only. */
function around(name: string, middleware: Middleware): Middleware {
  return (step, next) => step.name === name ? middleware(step, next) : next;
}

describe("middleware", () => {
  it("wraps each direct child, the first in the list outermost", async () => {
    const log: string[] = [];
    const tell = (who: string): Middleware => ({ name }, next) => async (ctx) => {
      log.push(`${who} before ${name}`);
      const result = await next(ctx);
      log.push(`${who} after ${name}`);
      return result;
    };
    const inner = pipeline({ name: "inner", steps: [logged("a", log)] });
    const steps = [inner, logged("b", log)];
    dataOf(await pipeline({ name: "p", steps, middleware: [tell("1"), tell("2")] }).run());
    assertEquals(log, [
      "1 before inner",
      "2 before inner",
      "a",
      "2 after inner",
      "1 after inner",
      "1 before b",
      "2 before b",
      "b",
      "2 after b",
      "1 after b",
    ]);
  });

  it("receives the step's name and schemas", async () => {
    const requires = type({ n: "number" });
    const provides = type({ m: "number" });
    const a = step({ name: "a", requires, provides, run: (ctx) => ({ m: ctx.n }) });
    const infos: unknown[] = [];
    const look: Middleware = (info, next) => {
      infos.push(info.name, info.requires, info.provides);
      return next;
    };
    dataOf(await pipeline({ name: "p", steps: [a], middleware: [look] }).run({ n: 1 }));
    assertEquals(infos[0], "a");
    assertStrictEquals(infos[1], requires);
    assertStrictEquals(infos[2], provides);
  });

  it("sees the context before validation, and the failure of the validation", async () => {
    const seen: unknown[] = [];
    const a = step({ name: "a", requires: type({ n: "string.numeric.parse" }), run: () => {} });
    const look: Middleware = (_step, next) => async (ctx) => {
      seen.push(ctx);
      const result = await next(ctx);
      seen.push(result.success ? "success" : isRunsheetError(result.error, "REQUIRES_VALIDATION"));
      return result;
    };
    const p = pipeline({ name: "p", steps: [a], middleware: [look] });
    await p.run({ n: "5" });
    await p.run({ n: "five" });
    assertEquals(seen, [{ n: "5" }, "success", { n: "five" }, true]);
    assert(Object.isFrozen(seen[0]));
  });

  it("may replace the data, which is frozen and merged in place of the step's data", async () => {
    const a = step({ name: "a", run: () => ({ n: 1 }) });
    const double: Middleware = (_step, next) => async (ctx) => {
      const result = await next(ctx);
      return result.success ? { success: true, data: { n: 2 } } : result;
    };
    const data = dataOf(await pipeline({ name: "p", steps: [a], middleware: [double] }).run());
    assertEquals(data, { n: 2 });
  });

  it("keeps the rollback of a step whose result it copies or replaces, with the step's own output", async () => {
    const outputs: unknown[] = [];
    const a = step({
      name: "a",
      run: () => ({ n: 1 }),
      rollback: (_ctx, output) => {
        outputs.push(output);
      },
    });
    const inner = pipeline({ name: "inner", steps: [a] });
    const copy: Middleware = (_step, next) => async (ctx) => ({ ...await next(ctx) });
    const replace: Middleware = (_step, next) => async (ctx) => {
      const result = await next(ctx);
      return result.success ? { success: true, data: { n: 2 } } : result;
    };
    for (const middleware of [[copy], [replace], [copy, replace]]) {
      const p = pipeline({ name: "p", steps: [inner, fail], middleware });
      assertEquals(failureOf(await p.run()).rollback.completed, ["inner/a"]);
    }
    assertEquals(outputs, [{ n: 1 }, { n: 1 }, { n: 1 }]);
  });

  it("may give the step another context, which is not kept", async () => {
    const seen: unknown[] = [];
    const look = (name: string) =>
      step({
        name,
        run: (ctx) => {
          seen.push(ctx);
        },
      });
    const trace: Middleware = (_step, next) => (ctx) => next({ ...ctx, trace: "t1" });
    const p = pipeline({
      name: "p",
      steps: [look("a"), look("b")],
      middleware: [around("a", trace)],
    });
    assertEquals(dataOf(await p.run({ n: 1 })), { n: 1 });
    assertEquals(seen, [{ n: 1, trace: "t1" }, { n: 1 }]);
    assert(Object.isFrozen(seen[0]));
  });

  it("may answer without the step, which then has no rollback and is not in stepsExecuted", async () => {
    const log: string[] = [];
    const cache: Middleware = () => () => ({ success: true, data: { a: "cached" } });
    const p = pipeline({
      name: "p",
      steps: [logged("a", log), fail],
      middleware: [around("a", cache)],
    });
    const failure = failureOf(await p.run());
    assertEquals(log, []);
    assertEquals(failure.rollback, { completed: [], failed: [] });
    assertEquals(failure.meta.stepsExecuted, ["fail"]);
  });

  it("may turn a success into a failure, and the step is undone", async () => {
    const log: string[] = [];
    const refuse: Middleware = (_step, next) => async (ctx) => {
      await next(ctx);
      return { success: false, error: boom };
    };
    const p = pipeline({ name: "p", steps: [logged("a", log)], middleware: [refuse] });
    const failure = failureOf(await p.run());
    assertStrictEquals(failure.error, boom);
    assertEquals(failure.failedStep, "a");
    assertEquals(log, ["a", "undo a"]);
  });

  it("may recover from a failure, and everything done by then is undone at once", async () => {
    const log: string[] = [];
    const inner = pipeline({ name: "inner", steps: [logged("a", log), fail] });
    const recover: Middleware = (_step, next) => async (ctx) => {
      const result = await next(ctx);
      return result.success ? result : { success: true, data: { recovered: true } };
    };
    const p = pipeline({
      name: "p",
      steps: [inner, logged("b", log)],
      middleware: [around("inner", recover)],
    });
    const data: unknown = dataOf(await p.run());
    assertEquals(log, ["a", "undo a", "b"]);
    assertEquals(data, { recovered: true, b: "done" });
  });

  it("cannot recover from a failure whose effects cannot be undone", async () => {
    const stuck = new Error("stuck");
    const a = step({ name: "a", run: () => {}, rollback: () => Promise.reject(stuck) });
    const inner = pipeline({ name: "inner", steps: [a, fail] });
    const recover: Middleware = (_step, next) => async (ctx) => {
      await next(ctx);
      return { success: true, data: {} };
    };
    const failure = failureOf(
      await pipeline({ name: "p", steps: [inner], middleware: [recover] }).run(),
    );
    assertInstanceOf(failure.error, RollbackError);
    assertEquals(failure.error.causes, [stuck]);
    assertStrictEquals(failure.error.cause, boom);
    assertEquals(failure.rollback.failed, [{ step: "inner/a", error: stuck }]);
  });

  it("keeps the failed path of a nested step when it returns the failure", async () => {
    const inner = pipeline({ name: "inner", steps: [fail] });
    const copy: Middleware = (_step, next) => async (ctx) => ({ ...await next(ctx) });
    const p = pipeline({ name: "p", steps: [inner], middleware: [copy] });
    assertEquals(failureOf(await p.run()).failedStep, "inner/fail");
  });
});

describe("a middleware that recovers from another one's failure", () => {
  const world = () => {
    const log: string[] = [];
    const charge = step({
      name: "charge",
      run: async () => {
        await Promise.resolve();
        log.push("charge");
        return { charged: true };
      },
      rollback: async () => {
        await Promise.resolve();
        log.push("refund");
      },
    });
    return { log, charge };
  };
  const recovers: Middleware = (_step, next) => async (ctx) => {
    const result = await next(ctx);
    return result.success ? result : { success: true, data: { charged: false } };
  };
  const failures: Record<string, Middleware> = {
    throws: (_step, next) => async (ctx) => {
      await next(ctx);
      throw boom;
    },
    "returns a failure": (_step, next) => async (ctx) => {
      await next(ctx);
      return { success: false, error: boom };
    },
  };
  for (const [how, fails] of Object.entries(failures)) {
    it(`undoes the step first, if the inner one ${how}`, async () => {
      const { log, charge } = world();
      const p = pipeline({ name: "p", steps: [charge], middleware: [recovers, fails] });
      assertEquals(dataOf(await p.run()), { charged: false });
      assertEquals(log, ["charge", "refund"]);
    });
  }

  it("leaves the charge if nothing below it failed", async () => {
    const { log, charge } = world();
    const p = pipeline({ name: "p", steps: [charge], middleware: [recovers] });
    assertEquals(dataOf(await p.run()), { charged: true });
    assertEquals(log, ["charge"]);
  });
});
