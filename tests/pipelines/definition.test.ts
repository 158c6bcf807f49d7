import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, pipeline, step, StrictOverlapError } from "@runsheet/runsheet";
import { type } from "arktype";
import * as z from "zod";
import { dataOf } from "../support/results.ts";

const trim = step({ name: "trim", run: (ctx: { text: string }) => ({ text: ctx.text.trim() }) });

describe("strict", () => {
  const a = step({ name: "a", provides: type({ id: "string" }), run: () => ({ id: "a" }) });
  const b = step({ name: "b", provides: z.object({ id: z.string() }), run: () => ({ id: "b" }) });

  it("refuses two steps that provide one key", () => {
    const error = assertThrows(
      // @ts-expect-error step 'b' provides 'id', which a step before it provides, too, and the pipeline is strict
      () => pipeline({ name: "p", strict: true, steps: [a, b] }),
      StrictOverlapError,
    );
    assertEquals(
      error.message,
      "Cannot create strict pipeline 'p' as only one step may provide 'id': both 'a' and 'b' do",
    );
    assertEquals([error.key, error.steps], ["id", ["a", "b"]]);
  });

  it("looks into nested pipelines", () => {
    const inner = pipeline({ name: "inner", steps: [b] });
    const error = assertThrows(
      // @ts-expect-error step 'inner' provides 'id', which a step before it provides, too, and the pipeline is strict
      () => pipeline({ name: "p", strict: true, steps: [a, inner] }),
      StrictOverlapError,
    );
    assertEquals(error.steps, ["a", "inner/b"]);
  });

  it("refuses a step that needs a key which neither the args nor an earlier step provides", () => {
    const needy = step({
      name: "needy",
      requires: type({ id: "string", "note?": "string" }),
      run: () => {},
    });
    const argsSchema = type({ other: "string" });
    const error = assertThrows(
      // @ts-expect-error step 'needy' needs { id: string } which nothing before it provides ('a' comes later)
      () => pipeline({ name: "p", strict: true, argsSchema, steps: [needy, a] }),
      ConfigError,
    );
    assertEquals(
      error.message,
      "Cannot create strict pipeline 'p' as 'needy' must find 'id' in the context: the args and the steps before it give [other]",
    );
    pipeline({ name: "p", strict: true, argsSchema, steps: [a, needy] });
  });

  it("does not guess what a step without schemas provides", () => {
    const untyped = step({ name: "untyped", run: () => ({ id: "x" }) });
    const needy = step({ name: "needy", requires: type({ id: "string" }), run: () => {} });
    const argsSchema = type({ other: "string" });
    pipeline({ name: "p", strict: true, argsSchema, steps: [untyped, needy] });
  });

  it("is off by default", async () => {
    assertEquals(dataOf(await pipeline({ name: "p", steps: [a, b] }).run()), { id: "b" });
  });
});

describe("an invalid definition", () => {
  const cases: [why: string, define: () => unknown, message: string][] = [
    [
      "has no name",
      () => pipeline({ steps: [] } as never),
      "Cannot create a pipeline as 'name' must be a string that is not empty: current value is undefined",
    ],
    [
      "has an empty name",
      () => pipeline({ name: "", steps: [] }),
      `Cannot create a pipeline as 'name' must be a string that is not empty: current value is ""`,
    ],
    [
      "is nothing",
      () => pipeline(null as never),
      "Cannot create a pipeline as its definition must be an object: current value is null",
    ],
    [
      "has an unknown option",
      () => pipeline({ name: "p", stepz: [] } as never),
      `Cannot create a pipeline as its options must be among name, steps, argsSchema, output, deps, middleware, strict, retry, timeout, immutable: current value is "stepz"`,
    ],
    [
      "has steps that are not an array",
      () => pipeline({ name: "p", steps: 42 } as never),
      "Cannot create pipeline 'p' as 'steps' must be an array of steps: current value is 42",
    ],
    [
      "has something that is not a step",
      // @ts-expect-error this is not a step
      () => pipeline({ name: "p", steps: [trim, () => {}] }),
      "Cannot create pipeline 'p' as 'steps[1]' must be a step: current value is function (anonymous)",
    ],
    [
      "has a hole in its steps",
      () => pipeline({ name: "p", steps: [, trim] }),
      "Cannot create pipeline 'p' as 'steps[0]' must be a step: current value is undefined",
    ],
    [
      "has an argsSchema that is not a schema",
      () => pipeline({ name: "p", steps: [], argsSchema: {} } as never),
      "Cannot create pipeline 'p' as 'argsSchema' must be a Standard Schema: current value is an object with keys []",
    ],
    [
      "has an output that is not a schema",
      () => pipeline({ name: "p", steps: [], output: "x" } as never),
      `Cannot create pipeline 'p' as 'output' must be a Standard Schema: current value is "x"`,
    ],
    [
      "has middleware that is not an array",
      () => pipeline({ name: "p", steps: [], middleware: () => {} } as never),
      "Cannot create pipeline 'p' as 'middleware' must be an array: current value is function middleware",
    ],
    [
      "has middleware that is not a function",
      () => pipeline({ name: "p", steps: [], middleware: [1] } as never),
      "Cannot create pipeline 'p' as 'middleware[0]' must be a function: current value is 1",
    ],
    [
      "has a strict that is not a boolean",
      () => pipeline({ name: "p", steps: [], strict: 1 } as never),
      "Cannot create pipeline 'p' as 'strict' must be a boolean: current value is 1",
    ],
    [
      "has an unknown immutable",
      () => pipeline({ name: "p", steps: [], immutable: true } as never),
      "Cannot create pipeline 'p' as 'immutable' must be 'deep': current value is true",
    ],
    ...[0, -1, NaN, Infinity, 2 ** 31, "5"].map((timeout): [string, () => unknown, string] => [
      `has the timeout ${timeout}`,
      () => pipeline({ name: "p", steps: [], timeout } as never),
      `Cannot time pipeline 'p' as 'timeout' must be a number of milliseconds from 1 to 2147483647: current value is ${
        JSON.stringify(timeout) === "null" ? timeout : JSON.stringify(timeout)
      }`,
    ]),
    [
      "is invalid in a builder",
      () => pipeline({ name: "p", timeout: 0 }),
      "Cannot time pipeline 'p' as 'timeout' must be a number of milliseconds from 1 to 2147483647: current value is 0",
    ],
    [
      "has something that is not a step in a builder",
      () => pipeline({ name: "p" }).step({} as never).build(),
      "Cannot create pipeline 'p' as 'steps[0]' must be a step: current value is an object with keys []",
    ],
    [
      "has an unknown option for build",
      () => pipeline({ name: "p" }).build({ outptu: 1 } as never),
      `Cannot build pipeline 'p' as its options must be among output: current value is "outptu"`,
    ],
  ];

  for (const [why, define, message] of cases) {
    it(`is refused at once when it ${why}`, () => {
      assertEquals(assertThrows(define, ConfigError).message, message);
    });
  }
});
