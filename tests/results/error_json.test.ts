import { describe, it } from "node:test";
import { inspect } from "node:util";
import * as vm from "node:vm";
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type AnyStep,
  ArgsValidationError,
  choice,
  ConfigError,
  type ErrorJSON,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  type ResultJSON,
  type Schema,
  step,
  StrictOverlapError,
  toJSON,
  type UnknownError,
} from "@runsheet/runsheet";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { never } from "../support/deferred.ts";
import { logged, SECRET } from "../support/logged.ts";
import { failureOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

const args = { token: SECRET, order: { lines: [{ sku: "tea" }] } };

async function errorOf(thrown: unknown): Promise<unknown> {
  const failing = step({ name: "failing", run: () => Promise.reject(thrown) });
  const { error } = logged(await failing.run({})) as ResultJSON;
  return error;
}

describe("an error as JSON", () => {
  it("of the platform has no number where its name says the same", async () => {
    const printed = await errorOf(new DOMException("late", "TimeoutError")) as ErrorJSON;
    assertEquals([printed.name, printed.code], ["TimeoutError", undefined]);
  });

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

  it("of the application is not searched for the fields of the library's errors", async () => {
    const ofPool = Object.assign(new Error("pool"), {
      errors: [SECRET],
      causes: [new Error(SECRET)],
      issues: [{ message: SECRET }],
      attempts: 3,
    });
    assertEquals(await errorOf(ofPool), { name: "Error", message: "pool" });
  });

  it("describes a cause that is not an error in a few words", async () => {
    const because = (cause: unknown) => errorOf(new Error("x", { cause }));
    const told = async (cause: unknown) => (await because(cause) as ErrorJSON).cause;
    assertEquals(await told("the user left"), "the user left");
    assertEquals(await told(404), "404");
    assertEquals(await told(10n), "10n");
    assertEquals(await told(null), "null");
    assertEquals(await told({ password: SECRET }), "an object with keys [password]");
    assertEquals(await told(undefined), undefined);
  });

  it("of several failures has each of them", async () => {
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

  it("has the number of attempts, and each error once", async () => {
    const retried = step({ name: "a", retry: { count: 1 }, run: () => Promise.reject(boom) });
    assertEquals((logged(await retried.run({})) as ResultJSON).error, {
      name: "RetryExhaustedError",
      code: "RETRY_EXHAUSTED",
      message: failureOf(await retried.run({})).error.message,
      attempts: 2,
      errors: [{ name: "Error", message: "boom" }, { name: "Error", message: "boom" }],
    });
  });

  it("of several failures of another realm has each of them", async () => {
    const errors = await errorOf(vm.runInNewContext(
      "new (class Several extends AggregateError {})([new RangeError('odd')], 'several')",
    ));
    assertEquals(errors, {
      name: "AggregateError",
      message: "several",
      errors: [{ name: "RangeError", message: "odd" }],
    });
  });

  it("of 30,000 failures has a message of the first ten, and a count", async () => {
    const numbers = Array.from({ length: 30_000 }, (_, n) => n);
    const items = map("m", () => numbers, (n) => Promise.reject(new Error(`no ${n}`)), {
      onFailure: "settle",
    });
    const { message } = failureOf(await items.run({})).error;
    const ten = numbers.slice(0, 10).map((n) => `Error: no ${n}`).join("; ");
    assertEquals(
      message,
      `Cannot finish 'map(m)' as none of it must fail: ${ten}; and 29990 more`,
    );
  });

  it("of deeply nested failures has a message that does not grow with them", async () => {
    let items: AnyStep = step({ name: "s", run: () => Promise.reject(new Error("x".repeat(200))) });
    for (let depth = 0; depth < 3; depth++) {
      items = map("m", () => Array.from({ length: 12 }, (_, n) => ({ n })), items, {
        onFailure: "settle",
      }) as AnyStep;
    }
    const { message } = failureOf(await pipeline({ name: "p", steps: [items] }).run()).error;
    assert(message.length < 11_000, `${message.length}`);
  });

  it("has the limit of a timeout", async () => {
    const slow = step({ name: "slow", timeout: 1, run: never });
    const { error } = logged(await slow.run({})) as ResultJSON;
    assertEquals([error?.code, error?.timeoutMs], ["TIMEOUT", 1]);
  });

  it("says what could not be undone", async () => {
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

  it("does not have the value that was thrown", async () => {
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
    it(`of ${dialect} has each issue with its path, but no value, and so does a console`, async () => {
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

  const quoting: Record<string, Schema<object>> = {
    arktype: type({
      mail: "string.email",
      pin: "number > 0",
      kind: "'a'|'b'",
      code: "/^x/",
      odd: "string.email",
      list: { one: "string" },
    }),
    valibot: v.object({
      mail: v.pipe(v.string(), v.email()),
      pin: v.pipe(v.number(), v.minValue(0)),
      kind: v.picklist(["a", "b"]),
      code: v.pipe(v.string(), v.regex(/^x/)),
      odd: v.pipe(v.string(), v.email()),
      list: v.object({ one: v.string() }),
    }),
  };
  for (const [dialect, argsSchema] of Object.entries(quoting)) {
    it(`of ${dialect} does not repeat the values that its messages quote`, async () => {
      const wrong = {
        mail: SECRET,
        pin: -4242,
        kind: SECRET,
        code: SECRET,
        odd: `"${SECRET}"\n`,
        list: {},
      };
      const p = pipeline({ name: "p", argsSchema, steps: [] });
      const failure = failureOf(await p.run(wrong));
      assert(isRunsheetError(failure.error, "ARGS_VALIDATION"));
      assertStringIncludes(failure.error.message, SECRET);
      assertStringIncludes(failure.error.message, "4242");
      for (const told of [failure, failure.error, new Error("outer", { cause: failure.error })]) {
        assertFalse(JSON.stringify(logged(toJSON(told))).includes("4242"));
      }
      const { issues = [], message } = failure.error.toJSON();
      assertEquals(issues.length, 6);
      // It still states the kind of the value, and the constraint.
      assertMatch(
        message,
        /one must be a string \(was missing\)|Expected "one" but received undefined/,
      );
      assertMatch(message, /must be "a" or "b" \(was …\)|Expected \("a" \| "b"\) but received …/);
      assertStringIncludes(JSON.stringify(toJSON(failure, { args: true }).error), SECRET);
    });
  }

  it("names ten of many issues in its message, each by its key", async () => {
    const many = type({ "[string]": "number" });
    const args = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`k${n}`, SECRET]));
    const p = pipeline({ name: "p", argsSchema: many, steps: [] });
    const { error } = logged(failureOf(await p.run(args as never))) as ResultJSON;
    assertStringIncludes(error?.message ?? "", "k9 must be a number (was a string); and 15 more");
    assertEquals(error?.issues?.length, 25);
  });

  it("names the key even if the message happens to contain it", async () => {
    const keys: Record<string, [Schema<object>, object, string]> = {
      zod: [z.object({ id: z.union([z.number(), z.null()]) }), { id: SECRET }, "id: Invalid input"],
      valibot: [
        v.object({ type: v.number() }),
        { type: null },
        "type: Invalid type: Expected number but received null",
      ],
      arktype: [
        type({ b: { a: "number" } }),
        { b: { a: null } },
        "b.a must be a number (was null)",
      ],
      "arktype's own message": [
        type({ mail: type("number").configure({ message: "no mail" }) }),
        { mail: null },
        "mail: no mail",
      ],
      "the application": [
        {
          "~standard": {
            version: 1,
            vendor: "mine",
            validate: () => ({
              issues: [
                { message: "id must be there", path: ["id"] },
                { message: "required", path: ["required"] },
              ],
            }),
          },
        },
        {},
        "id must be there; required: required",
      ],
    };
    for (const [argsSchema, args, summary] of Object.values(keys)) {
      const p = pipeline({ name: "p", argsSchema, steps: [] });
      const { error } = failureOf(await p.run(args as never));
      const message = `Cannot run 'p' as its args must be what 'argsSchema' says: ${summary}`;
      assertEquals(error.message, message);
      assertEquals((logged(error) as ErrorJSON).message, message);
    }
  });

  it("names the kind of an error thrown by a schema, as its message may quote the input", async () => {
    const parsing = z.object({ body: z.string().transform((body) => JSON.parse(body)) });
    const p = pipeline({ name: "p", argsSchema: parsing, steps: [] });
    const failure = failureOf(await p.run({ body: `{"${SECRET}"` }));
    assert(failure.error.cause instanceof SyntaxError);
    const { error } = logged(failure) as ResultJSON;
    const message =
      "Cannot run 'p' as its args must be what 'argsSchema' says: the schema failed: SyntaxError";
    assertEquals(error, {
      name: "ArgsValidationError",
      code: "ARGS_VALIDATION",
      message,
      issues: [{ message: "the schema failed: SyntaxError", path: [] }],
      cause: "SyntaxError",
    });
    const { name, message: quoted } = toJSON(failure, { args: true }).error?.cause as ErrorJSON;
    assertEquals([name, quoted], ["SyntaxError", failure.error.cause.message]);
  });

  it("that the application makes itself is as safe as the library's", () => {
    const refused = type({ mail: "string.email" })({ mail: SECRET });
    assert(refused instanceof type.errors);
    assertEquals(logged(new ArgsValidationError("Cannot", refused)), {
      name: "ArgsValidationError",
      code: "ARGS_VALIDATION",
      message: "Cannot",
      issues: [{ message: "mail must be an email address (was …)", path: ["mail"] }],
    });
  });

  it("of many issues is made in reasonable time", async () => {
    const argsSchema = type({ list: "string.email[]" });
    const p = pipeline({ name: "p", argsSchema, steps: [] });
    const list = Array.from({ length: 20_000 }, () => SECRET);
    const { error } = logged(await p.run({ list })) as ResultJSON;
    assertEquals(error?.issues?.length, list.length);
  });

  it("shows the library's own fields on a console, but no args", async () => {
    const slow = step({ name: "slow", timeout: 1, run: never });
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

  it("also works for errors that are thrown", () => {
    assertEquals(logged(new StrictOverlapError("Cannot", "id", ["a", "b"])), {
      name: "StrictOverlapError",
      code: "STRICT_OVERLAP",
      message: "Cannot",
    });
    assertType<IsExact<ReturnType<UnknownError["toJSON"]>, ErrorJSON>>(true);
  });

  it("never throws, and ends, whatever the error is", async () => {
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
