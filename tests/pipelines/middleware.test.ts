import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  ConfigError,
  isRunsheetError,
  type Middleware,
  pipeline,
  RollbackError,
  step,
  type StepResult,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail, logged } from "../support/steps.ts";

/** A middleware for the one step of that name. */
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

  it("is told the step's name and schemas", async () => {
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

  it("may replace the data, which is frozen and merged in place of the step's", async () => {
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

  it("may give the step another context, which does not stay", async () => {
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

  it("may recover from a failure, and what had been done by then is undone at once", async () => {
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

  it("keeps the failed path of a nested step when it passes the failure on", async () => {
    const inner = pipeline({ name: "inner", steps: [fail] });
    const copy: Middleware = (_step, next) => async (ctx) => ({ ...await next(ctx) });
    const p = pipeline({ name: "p", steps: [inner], middleware: [copy] });
    assertEquals(failureOf(await p.run()).failedStep, "inner/fail");
  });
});

describe("a middleware that misbehaves", () => {
  const cases: Record<string, { middleware: unknown; message: RegExp; ran: boolean }> = {
    "whose outer function throws": {
      middleware: () => {
        throw boom;
      },
      message: /^boom$/,
      ran: false,
    },
    "that returns no function": {
      middleware: () => undefined,
      message:
        /^Cannot run 'b' as its middleware must return a function: current value is undefined$/,
      ran: false,
    },
    "that throws before next": {
      middleware: () => () => {
        throw boom;
      },
      message: /^boom$/,
      ran: false,
    },
    "that throws after next": {
      middleware:
        (_step: unknown, next: (ctx: object) => Promise<StepResult>) => async (ctx: object) => {
          await next(ctx);
          throw boom;
        },
      message: /^boom$/,
      ran: true,
    },
    "that gives no result": {
      middleware:
        (_step: unknown, next: (ctx: object) => Promise<StepResult>) => async (ctx: object) => {
          await next(ctx);
        },
      message:
        /^Cannot run 'b' as its middleware must give a step result: current value is undefined$/,
      ran: true,
    },
    "that gives data which is no object": {
      middleware: () => () => ({ success: true, data: 42 }),
      message:
        /^Cannot use the result of a middleware at 'b' as its data must be an object of keys: current value is 42$/,
      ran: false,
    },
    "that fails with something that is no Error": {
      middleware: () => () => ({ success: false, error: "oops" }),
      message: /^Cannot use what was thrown as it must be an Error: current value is "oops"$/,
      ran: false,
    },
    "that gives the step a context which is no object": {
      middleware: (_step: unknown, next: (ctx: unknown) => Promise<StepResult>) => () => next(null),
      message:
        /^Cannot run 'b' as the context that its middleware gives must be an object of keys: current value is null$/,
      ran: false,
    },
    "whose result throws when it is read": {
      middleware: () => () => ({
        success: true,
        get data() {
          throw boom;
        },
      }),
      message: /^boom$/,
      ran: false,
    },
  };

  for (const [name, { middleware, message, ran }] of Object.entries(cases)) {
    it(`${name} fails the run, which is compensated`, async () => {
      const log: string[] = [];
      const p = pipeline({
        name: "p",
        steps: [logged("a", log), logged("b", log)],
        middleware: [around("b", middleware as Middleware)],
      });
      const failure = failureOf(await p.run());
      assertMatch(failure.error.message, message);
      assertEquals(failure.failedStep, "b");
      assertEquals(log, ran ? ["a", "b", "undo b", "undo a"] : ["a", "undo a"]);
      assertEquals(failure.meta.stepsExecuted, ran ? ["a", "b"] : ["a"]);
    });
  }

  it("that calls next twice has its second call refused", async () => {
    const log: string[] = [];
    let refused: ConfigError | undefined;
    const twice: Middleware = (_step, next) => async (ctx) => {
      const result = await next(ctx);
      refused = await assertRejects(() => next(ctx), ConfigError);
      return result;
    };
    dataOf(await pipeline({ name: "p", steps: [logged("a", log)], middleware: [twice] }).run());
    assertEquals(log, ["a"]);
    assertEquals(
      refused?.message,
      "Cannot run 'a' again as a middleware must call 'next' at most once: current value is 2",
    );
  });

  it("that does not wait for next is waited for, so that no effect is lost", async () => {
    const log: string[] = [];
    const slow = step({
      name: "slow",
      run: async () => {
        await Promise.resolve();
        log.push("slow");
      },
      rollback: () => {
        log.push("undo slow");
      },
    });
    const hasty: Middleware = (_step, next) => (ctx) => {
      next(ctx);
      return { success: true, data: {} };
    };
    const p = pipeline({ name: "p", steps: [slow, fail], middleware: [around("slow", hasty)] });
    failureOf(await p.run());
    assertEquals(log, ["slow", "undo slow"]);
  });

  it("that calls next after it has returned has its call refused", async () => {
    const log: string[] = [];
    let callLate: (() => Promise<unknown>) | undefined;
    const late: Middleware = (_step, next) => (ctx) => {
      callLate = () => next(ctx);
      return { success: true, data: {} };
    };
    dataOf(await pipeline({ name: "p", steps: [logged("a", log)], middleware: [late] }).run());
    const error = await assertRejects(() => callLate!(), ConfigError);
    assertEquals(
      error.message,
      "Cannot run 'a' as 'next' must be called before its middleware returns",
    );
    assertFalse(log.includes("a"));
  });

  it("shares nothing between concurrent runs", async () => {
    const a = step({
      name: "a",
      run: async (ctx: { n: number }) => ({ m: await Promise.resolve(ctx.n) }),
    });
    const copy: Middleware = (_step, next) => async (ctx) => {
      await Promise.resolve();
      return { ...await next({ ...ctx }) };
    };
    const p = pipeline({ name: "p", steps: [a], middleware: [copy, copy] });
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => p.run({ n })));
    assertEquals(
      results.map((result) => dataOf(result).m),
      Array.from({ length: 20 }, (_, n) => n),
    );
  });
});
