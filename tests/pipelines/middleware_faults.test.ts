import { describe, it } from "node:test";
import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  ConfigError,
  type Host,
  type Middleware,
  pipeline,
  step,
  type StepResult,
} from "@runsheet/runsheet";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail, logged } from "../support/steps.ts";

/** A middleware for the step of that name only. */
function around(name: string, middleware: Middleware): Middleware {
  return (step, next) => step.name === name ? middleware(step, next) : next;
}

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
    "that returns no result": {
      middleware:
        (_step: unknown, next: (ctx: object) => Promise<StepResult>) => async (ctx: object) => {
          await next(ctx);
        },
      message:
        /^Cannot run 'b' as its middleware must give a step result: current value is undefined$/,
      ran: true,
    },
    "that returns data that is not an object": {
      middleware: () => () => ({ success: true, data: 42 }),
      message:
        /^Cannot use the result of a middleware at 'b' as its data must be an object of keys: current value is 42$/,
      ran: false,
    },
    "that fails with something that is not an Error": {
      middleware: () => () => ({ success: false, error: "oops" }),
      message: /^Cannot use what was thrown as it must be an Error: current value is "oops"$/,
      ran: false,
    },
    "whose failedStep is not a path": {
      middleware: () => () => ({ success: false, error: boom, failedStep: { token: "s3cret" } }),
      message: /^boom$/,
      ran: false,
    },
    "that gives the step a context that is not an object": {
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
    it(`${name} fails the run, which is undone`, async () => {
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

    it(`${name} appears to those around it as a failed step`, async () => {
      const log: string[] = [];
      const told: string[] = [];
      const errors: unknown[] = [];
      const telling = (layer: string): Middleware => (_step, next) => async (ctx) => {
        told.push(`${layer} ->`);
        const result = await next(ctx);
        told.push(`${layer} <-`);
        if (!result.success) errors.push(result.error);
        return result;
      };
      const layers = ["first", "second"].map((layer) => around("b", telling(layer)));
      const p = pipeline({
        name: "p",
        steps: [logged("a", log), logged("b", log)],
        middleware: [...layers, around("b", middleware as Middleware)],
      });
      const { error } = failureOf(await p.run());
      assertMatch(error.message, message);
      assertEquals(told, ["first ->", "second ->", "second <-", "first <-"]);
      // To them, a result that only the engine inspects is a success.
      const isSuccess = /its data|result throws/.test(`${error.message} ${name}`);
      const isNoError = name.endsWith("not an Error");
      assertEquals(errors, isSuccess ? [] : isNoError ? ["oops", "oops"] : [error, error]);
      assertEquals(log, ran ? ["a", "b", "undo b", "undo a"] : ["a", "undo a"]);
    });
  }

  it("and throws may be recovered from by one around it", async () => {
    const recovering: Middleware = (_step, next) => async (ctx) => {
      const result = await next(ctx);
      return result.success ? result : { success: true, data: { recovered: result.error.message } };
    };
    const throwing: Middleware = () => () => {
      throw boom;
    };
    const p = pipeline({ name: "p", steps: [fail], middleware: [recovering, throwing] });
    assertEquals<unknown>(dataOf(await p.run()), { recovered: "boom" });
  });

  it("does not see the signal of a host as a failure: it goes past all middleware", async () => {
    const suspended = new Error("suspended");
    const host: Host = {
      perform: () => Promise.reject(suspended),
      sleep: () => Promise.resolve(),
    };
    const heard: unknown[] = [];
    const telling: Middleware = (_step, next) => async (ctx) => {
      try {
        const result = await next(ctx);
        heard.push(result);
        return result;
      } catch (thrown) {
        heard.push(thrown);
        throw thrown;
      }
    };
    const p = pipeline({ name: "p", steps: [fail], middleware: [telling, telling] });
    assertStrictEquals(await assertRejects(() => p.run({}, { host })), suspended);
    assertEquals(heard, [suspended, suspended]);
  });

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

  it("that calls next twice has its second call refused, if the next one throws as it is made", async () => {
    const twice: Middleware = (_step, next) => async (ctx) => {
      await next(ctx);
      return await next(ctx);
    };
    const broken: Middleware = () => {
      throw new Error("broken");
    };
    const p = pipeline({ name: "p", steps: [logged("a", [])], middleware: [twice, broken] });
    assertInstanceOf(failureOf(await p.run()).error, ConfigError);
  });

  it("that does not await next is itself awaited, so that no effect is lost", async () => {
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
