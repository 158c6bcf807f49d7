import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { ConfigError, isRunsheetError, pipeline, type Result, step } from "@runsheet/runsheet";
import { type } from "arktype";
import * as z from "zod";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

const trim = step({ name: "trim", run: (ctx: { text: string }) => ({ text: ctx.text.trim() }) });
const count = step({
  name: "count",
  run: (ctx: { text: string }) => ({ length: ctx.text.length }),
});

describe("pipeline", () => {
  it("accumulates args and outputs; the last writer wins", async () => {
    const p = pipeline({ name: "p", steps: [trim, count] });
    const result = await p.run({ text: " tea " });
    assertType<IsExact<typeof result, Result<{ text: string; length: number }>>>(true);
    assertEquals(dataOf(result), { text: "tea", length: 3 });
  });

  it("returns its name, a frozen copy of its args and the steps that ran", async () => {
    const args = { text: " tea " };
    const { meta } = await pipeline({ name: "p", steps: [trim, count] }).run(args);
    assertEquals({ ...meta }, {
      name: "p",
      args: { text: " tea " },
      stepsExecuted: ["trim", "count"],
    });
    assert(Object.isFrozen(meta) && Object.isFrozen(meta.args));
    assertFalse(Object.isFrozen(args));
  });

  it("names the step that failed among those that ran, and none after it", async () => {
    const failure = failureOf(
      await pipeline({ name: "p", steps: [trim, fail, count] }).run({ text: "" }),
    );
    assertEquals(failure.meta.stepsExecuted, ["trim", "fail"]);
    assertEquals(failure.failedStep, "fail");
    assertStrictEquals(failure.error, boom);
  });

  it("does not name a step whose requires were not met, as it did not run", async () => {
    const strict = step({ name: "strict", requires: type({ n: "number" }), run: () => {} });
    const failure = failureOf(
      await pipeline({ name: "p", steps: [trim, strict] }).run({ text: "", n: NaN }),
    );
    assertEquals(failure.meta.stepsExecuted, ["trim"]);
    assertEquals(failure.failedStep, "strict");
  });

  it("gives every step a frozen snapshot of its own", async () => {
    const seen: Record<string, unknown>[] = [];
    const look = step({
      name: "look",
      run: (ctx) => {
        seen.push(ctx);
        return { n: seen.length };
      },
    });
    await pipeline({ name: "p", steps: [look, look, look] }).run({});
    assertEquals(seen, [{}, { n: 1 }, { n: 2 }]);
    assert(seen.every(Object.isFrozen));
  });

  it("may be run without args when nothing is required", async () => {
    const result = await pipeline({
      name: "p",
      steps: [step({ name: "a", run: () => ({ n: 1 }) })],
    }).run();
    assertEquals(dataOf(result).n, 1);
    // @ts-expect-error Expected 1-2 arguments, but got 0
    failureOf(await pipeline({ name: "p", steps: [trim] }).run());
  });

  it("may have no steps", async () => {
    const result = await pipeline({ name: "p", steps: [] }).run({ n: 1 });
    assertEquals<unknown>(dataOf(result), { n: 1 });
    assertEquals(result.meta.stepsExecuted, []);
  });

  it("may have steps that are known only at run time", async () => {
    const steps = ["a", "b"].map((name) => step({ name, run: () => ({ [name]: true }) }));
    const result = await pipeline({ name: "p", steps }).run({ n: 1 });
    assertType<IsExact<typeof result, Result<{ [x: string]: unknown }>>>(true);
    assertEquals(dataOf(result), { n: 1, a: true, b: true });
  });

  it("is frozen, and so are its results", async () => {
    const p = pipeline({ name: "p", steps: [trim] });
    const result = await p.run({ text: "" });
    assert([p, result, result.meta, dataOf(result)].every(Object.isFrozen));
    const failure = failureOf(await pipeline({ name: "p", steps: [fail] }).run());
    assert([failure, failure.rollback, failure.rollback.completed].every(Object.isFrozen));
  });

  it("is not changed by later changes to the definition", async () => {
    const middleware = [() => () => ({ success: true as const, data: { n: 1 } })];
    const steps = [trim, count];
    const p = pipeline({ name: "p", steps, middleware });
    steps.pop();
    middleware.pop();
    assertEquals<unknown>(dataOf(await p.run({ text: "" })), { text: "", n: 1 });
  });
});

describe("argsSchema", () => {
  it("gives the steps the value that it returns for the args", async () => {
    const argsSchema = type({ n: "string.numeric.parse", unit: "string = 'kg'" });
    const weigh = step({
      name: "weigh",
      run: (ctx: { n: number; unit: string }) => ({ text: `${ctx.n} ${ctx.unit}` }),
    });
    const p = pipeline({ name: "p", argsSchema, steps: [weigh] });
    const result = await p.run({ n: "5" });
    assertType<
      IsExact<typeof result, Result<{ n: number; unit: string; text: `${number} ${string}` }>>
    >(true);
    assertEquals(dataOf(result), { n: 5, unit: "kg", text: "5 kg" });
    assertEquals(result.meta.args, { n: "5" });
  });

  it("refuses invalid args with the issues and their paths, before any step", async () => {
    const log: string[] = [];
    const a = step({ name: "a", run: () => void log.push("a") });
    const argsSchema = type({ order: { amount: "number > 0" } });
    const failure = failureOf(
      await pipeline({ name: "p", argsSchema, steps: [a] }).run({ order: { amount: 0 } }),
    );
    assert(isRunsheetError(failure.error, "ARGS_VALIDATION"));
    assertEquals(failure.error.issues.map(({ path }) => [...path ?? []]), [["order", "amount"]]);
    assertEquals(
      failure.error.message,
      "Cannot run 'p' as its args must be what 'argsSchema' says: order.amount must be positive (was 0)",
    );
    assertEquals(failure.failedStep, "<args>");
    assertEquals(log, []);
  });

  it("names the nested pipeline whose args were invalid", async () => {
    const inner = pipeline({ name: "inner", argsSchema: type({ n: "number" }), steps: [] });
    // @ts-expect-error n is missing
    const failure = failureOf(await pipeline({ name: "p", steps: [inner] }).run({}));
    assertEquals(failure.failedStep, "inner/<args>");
  });

  it("lets a nested pipeline's steps see the rest of the parent's context", async () => {
    const seen: unknown[] = [];
    const look = step({ name: "look", run: (ctx) => void seen.push(ctx) });
    for (
      const argsSchema of [type({ n: "number", "+": "reject" }), z.strictObject({ n: z.number() })]
    ) {
      const inner = pipeline({ name: "inner", argsSchema, steps: [look] });
      dataOf(
        await pipeline({ name: "p", steps: [inner] }).run({ n: 1, db: "db" } as { n: number }),
      );
    }
    assertEquals(seen, [{ n: 1, db: "db" }, { n: 1, db: "db" }]);
  });
});

describe("output", () => {
  it("limits the data to the keys that it declares", async () => {
    for (
      const output of [
        type({ length: "number" }),
        z.object({ length: z.number() }),
        type({ length: "number", "+": "reject" }),
      ]
    ) {
      const result = await pipeline({ name: "p", steps: [trim, count], output }).run({
        text: "tea",
      });
      assertType<IsExact<typeof result, Result<{ length: number }>>>(true);
      assertEquals(dataOf(result), { length: 3 });
      assert(Object.isFrozen(dataOf(result)));
    }
  });

  it("fails the run when the context does not match it", async () => {
    // @ts-expect-error output needs { length: number } which no step provides
    const p = pipeline({ name: "p", steps: [trim], output: type({ length: "number" }) });
    const failure = failureOf(await p.run({ text: "" }));
    assert(isRunsheetError(failure.error, "PROVIDES_VALIDATION"));
    assertEquals(failure.failedStep, "<output>");
    assertEquals(
      failure.error.message,
      "Cannot use the data of 'p' as it must be what 'output' says: length must be a number (was missing)",
    );
  });
});

describe("nesting", () => {
  it("gives the parent only what the nested steps added", async () => {
    const given: unknown[] = [];
    const inner = pipeline({
      name: "inner",
      argsSchema: type({ text: "string", extra: "string = 'x'" }),
      steps: [count],
    });
    const p = pipeline({
      name: "p",
      steps: [inner],
      middleware: [(_step, next) => async (ctx) => {
        const result = await next(ctx);
        given.push(result.success && result.data);
        return result;
      }],
    });
    dataOf(await p.run({ text: "tea" }));
    assertEquals(given, [{ length: 3 }]);
  });

  it("does not write stale values over newer ones", async () => {
    const bump = step({ name: "bump", run: (ctx: { n: number }) => ({ n: ctx.n + 1 }) });
    const innermost = pipeline({
      name: "innermost",
      steps: [step({ name: "look", run: (_: { n: number }) => {} })],
    });
    const inner = pipeline({ name: "inner", steps: [innermost] });
    const steps = [bump, inner, bump, inner];
    assertEquals(dataOf(await pipeline({ name: "p", steps }).run({ n: 1 })), { n: 3 });
  });

  it("gives the parent the nested output if there is one", async () => {
    const inner = pipeline({
      name: "inner",
      steps: [trim, count],
      output: type({ length: "number" }),
    });
    const p = pipeline({ name: "p", steps: [inner] });
    const result = await p.run({ text: " tea " });
    assertEquals<unknown>(dataOf(result), { text: " tea ", length: 3 });
  });
});

describe("builder", () => {
  it("makes the same pipeline as the array", async () => {
    const built = pipeline({ name: "p" }).step(trim).step(count).build();
    const result = await built.run({ text: " tea " });
    assertType<IsExact<typeof result, Result<{ text: string; length: number }>>>(true);
    assertEquals(dataOf(result), { text: "tea", length: 3 });
    assertEquals(built.name, "p");
  });

  it("can be forked: every method leaves the builder as it was", async () => {
    const base = pipeline({ name: "p" }).step(trim);
    const counted = base.step(count);
    const failing = base.step(fail);
    assertEquals(dataOf(await base.build().run({ text: " a " })), { text: "a" });
    assertEquals(dataOf(await counted.build().run({ text: " a " })), { text: "a", length: 1 });
    failureOf(await failing.build().run({ text: " a " }));
    assert(Object.isFrozen(base));
  });

  it("wraps all its steps in the middleware it uses", async () => {
    const names: string[] = [];
    const built = pipeline({ name: "p" }).step(trim).use((step, next) => {
      names.push(step.name);
      return next;
    }).step(count).build();
    dataOf(await built.run({ text: "" }));
    assertEquals(names, ["trim", "count"]);
  });

  it("takes args by schema or by type", async () => {
    const bySchema = pipeline({ name: "p", argsSchema: type({ text: "string" }) }).step(count)
      .build();
    assertType<IsExact<Parameters<typeof bySchema.run>[0], { text: string }>>(true);
    const byType = pipeline<{ text: string }>({ name: "p" }).step(count).build();
    assertEquals(dataOf(await byType.run({ text: "tea" })).length, 3);
  });

  it("takes an output schema when it builds, once", async () => {
    const output = type({ length: "number" });
    const builder = pipeline({ name: "p" }).step(trim).step(count);
    assertEquals(dataOf(await builder.build({ output }).run({ text: "tea" })), { length: 3 });
    const error = assertThrows(
      // @ts-expect-error output needs { length: number } which no step provides
      () => pipeline({ name: "p", output }).step(trim).build({ output }),
      ConfigError,
    );
    assert(error.message.startsWith("Cannot build pipeline 'p' as 'output' must be given once"));
  });
});
