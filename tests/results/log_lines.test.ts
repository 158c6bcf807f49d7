import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import {
  AbortedError,
  type AnyStep,
  ArgsValidationError,
  choice,
  ChoiceNoMatchError,
  ConfigError,
  distribute,
  type ErrorCode,
  filter,
  flatMap,
  isRunsheetError,
  type LateReport,
  map,
  type Middleware,
  parallel,
  pipeline,
  PredicateError,
  ProvidesValidationError,
  RequiresValidationError,
  type Result,
  RetryExhaustedError,
  RollbackError,
  type Schema,
  step,
  toJSON,
  unwrap,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import * as zod3 from "zod/v3";
import { deferred } from "../support/deferred.ts";
import { SECRET } from "../support/logged.ts";
import { failureOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

const PIN = 5551234;

const BIRTHDAY = new Date("2001-09-09");

/** Inputs that each validator rejects, with all its ways of quoting them. */
const validators: Record<string, readonly (readonly [schema: Schema<object>, input: object])[]> = {
  arktype: [
    [type({ mail: "string.email" }), { mail: SECRET }],
    [type({ mail: "string.email" }).or({ id: "string.uuid" }), { mail: SECRET, id: SECRET }],
    [
      type({ at: type({ mail: "string.email" }).or({ id: "string.uuid" }) }),
      { at: { mail: SECRET, id: `${SECRET}!` } },
    ],
    [type({ password: "8 < string < 20 & /^[a-z]+$/" }), { password: SECRET }],
    [type({ pin: "1000 < number < 2000 & number % 7" }), { pin: PIN }],
    [type({ kind: "'card'|'bank'" }), { kind: SECRET }],
    [type({ kind: "'a'", x: "string" }).or({ kind: "'b'", y: "number" }), { kind: SECRET }],
    [type({ body: "string.json.parse" }), { body: SECRET }],
    [type({ pattern: "string.regex" }), { pattern: `(${SECRET}` }],
    [type({ at: "string.date.iso.parse" }), { at: SECRET }],
    [type({ list: "string.email[]" }), { list: [SECRET, `${SECRET}2`] }],
    [type({ born: type("Date").narrow((_at, on) => on.mustBe("old")) }), { born: BIRTHDAY }],
    [type({ t: type("string").narrow((_, on) => on.reject({ actual: SECRET })) }), { t: SECRET }],
    [
      type({ t: type("string").narrow((t, on) => on.reject({ message: `no ${t}` })) }),
      { t: SECRET },
    ],
    [type({ n: type("string").configure({ message: ({ data }) => `no ${data}` }) }), { n: PIN }],
    [type({ n: type("string").configure({ actual: (data) => `${data}` }) }), { n: PIN }],
    [type({ n: type("string").pipe(() => JSON.parse(`{"${SECRET}"`)) }), { n: SECRET }],
  ],
  zod: [
    [z.object({ mail: z.email() }), { mail: SECRET }],
    [z.object({ kind: z.enum(["card", "bank"]) }), { kind: SECRET }],
    [z.object({ n: z.union([z.literal("x"), z.number()]) }), { n: SECRET }],
    [z.object({ pin: z.number().max(5).multipleOf(7) }), { pin: PIN }],
    [z.object({ t: z.string({ error: ({ input }) => `no ${input}` }) }), { t: PIN }],
    [z.object({ t: z.string().refine(() => false, { error: `no ${SECRET}` }) }), { t: SECRET }],
    [z.object({ t: z.string().transform(() => JSON.parse(`{"${SECRET}"`)) }), { t: SECRET }],
    [zod3.z.object({ kind: zod3.z.enum(["card", "bank"]) }), { kind: SECRET }],
    [zod3.z.object({ kind: zod3.z.enum(["card", "bank"]) }), { kind: "§" }],
  ],
  valibot: [
    [v.object({ mail: v.pipe(v.string(), v.email()) }), { mail: SECRET }],
    [v.object({ kind: v.picklist(["card", "bank"]) }), { kind: SECRET }],
    [v.object({ n: v.union([v.literal("x"), v.number()]) }), { n: SECRET }],
    [v.object({ pin: v.pipe(v.number(), v.maxValue(5), v.multipleOf(7)) }), { pin: PIN }],
    [v.object({ at: v.pipe(v.date(), v.maxValue(new Date(0))) }), { at: BIRTHDAY }],
    [v.object({ t: v.pipe(v.string(), v.endsWith("!")) }), { t: SECRET }],
    [v.object({ t: v.string(({ received }) => `no ${received}`) }), { t: PIN }],
    [v.object({ t: v.pipe(v.string(), v.check(() => false, `no ${SECRET}`)) }), { t: SECRET }],
    [
      v.object({ t: v.pipe(v.string(), v.transform(() => JSON.parse(`{"${SECRET}"`))) }),
      { t: SECRET },
    ],
  ],
};

type Refuse = () => Promise<Record<never, never>>;

/** The places of a validation error, and the printed output. */
const places: Record<string, (refuse: Refuse) => Promise<unknown>> = {
  "alone": (refuse) => run(refusing(refuse)),
  "in an AggregateError of branches": (refuse) =>
    run(parallel.with({ onFailure: "settle" })(refusing(refuse, "a"), refusing(refuse, "b"))),
  "in an AggregateError of items": (refuse) =>
    run(map("items", () => [1, 2, 3], refuse, { onFailure: "settle" })),
  "in an AggregateError in an AggregateError": (refuse) =>
    run(
      map("items", () => [1, 2], parallel(refusing(refuse, "a"), refusing(refuse, "b")), {
        as: "n",
        onFailure: "settle",
      }),
    ),
  "in an AggregateError of the application": (refuse) =>
    run(refusing(() => Promise.any([refuse(), refuse()]))),
  "as the cause of an error of the application": (refuse) =>
    run(refusing(() => refuse().catch((cause) => Promise.reject(new Error("outer", { cause }))))),
  "in an item that is collected": async (refuse) =>
    unwrap(await run(map("items", () => [1], refuse, { onFailure: "collect" }))),
  "in a PredicateError": (refuse) => run(when(() => refuse().then(() => true), fail)),
  "in the PredicateError of a choice": (refuse) =>
    run(choice([() => refuse().then(() => true), fail], fail)),
  "in the PredicateErrors of items": (refuse) =>
    run(filter("kept", () => [1, 2], () => refuse().then(() => true), { onFailure: "settle" })),
  "in a RetryExhaustedError": (refuse) =>
    run(step({ name: "again", retry: { count: 1 }, run: refuse })),
  "in the error of a retryIf": async (refuse) => {
    const error = await refuse().catch((error) => error);
    const retryIf = () => {
      throw error;
    };
    return run(step({ name: "again", retry: { count: 1, retryIf }, run: refuse }));
  },
  "in a RollbackError before a retry": (refuse) =>
    run(step({
      name: "again",
      retry: { count: 1 },
      run: (_ctx, { defer }) => {
        defer(refuse);
        throw boom;
      },
    })),
  "in the RollbackError of an item": (refuse) =>
    run(map("items", () => [1], (_n, _ctx, { defer }) => {
      defer(refuse);
      throw boom;
    }, { onFailure: "collect" })).then(unwrap),
  "in the RollbackError of a recovery": (refuse) => {
    const recover: Middleware = (_step, next) => async (ctx) => {
      await next(ctx);
      return { success: true, data: {} };
    };
    const half = step({
      name: "half",
      run: (_ctx, { defer }) => {
        defer(refuse);
        throw boom;
      },
    });
    return pipeline({ name: "p", steps: [half], middleware: [recover] }).run();
  },
  "in a rollback report": (refuse) =>
    run(step({ name: "stuck", run: () => {}, rollback: refuse }), fail),
  "in an error of middleware": (refuse) =>
    pipeline({ name: "p", steps: [fail], middleware: [() => refuse as never] }).run(),
  "in every error of the library that may hold another": async (refuse) => {
    const cause = await refuse().catch((error) => error);
    const holders: Record<Exclude<ErrorCode, "UNKNOWN" | "TIMEOUT" | "STRICT_OVERLAP">, Error> = {
      ARGS_VALIDATION: new ArgsValidationError("Cannot", [], { cause }),
      REQUIRES_VALIDATION: new RequiresValidationError("Cannot", [], { cause }),
      PROVIDES_VALIDATION: new ProvidesValidationError("Cannot", [], { cause }),
      PREDICATE: new PredicateError("Cannot", { cause }),
      ABORTED: new AbortedError("Cannot", { cause }),
      RETRY_EXHAUSTED: new RetryExhaustedError("Cannot", [cause, cause]),
      CHOICE_NO_MATCH: new ChoiceNoMatchError("Cannot", { cause }),
      ROLLBACK: new RollbackError("Cannot", [cause], { cause: boom }),
      CONFIG: new ConfigError("Cannot", { cause }),
    };
    const steps = Object.values(holders).map((error) =>
      refusing(() => Promise.reject(error), isRunsheetError(error) ? error.code : "")
    );
    return run(parallel.with({ onFailure: "settle" })(...steps));
  },
  "in a late report": async (refuse) => {
    const late: LateReport[] = [];
    const watches: Promise<unknown>[] = [];
    const gate = deferred<void>();
    const slow = step({ name: "slow", timeout: 1, run: () => gate.promise.then(refuse) });
    await slow.run({}, {
      onLate: (report) => void late.push(report),
      waitUntil: (watch) => void watches.push(watch),
    });
    gate.resolve();
    await Promise.all(watches);
    return late;
  },
  "as the reason of an abort": async (refuse) => {
    const reason = await refuse().catch((error) => error);
    return step({ name: "s", run: () => {} }).run({}, { signal: AbortSignal.abort(reason) });
  },
  "beside a sibling that was aborted": (refuse) => {
    const stops = step({
      name: "stops",
      run: (_ctx, { signal }) =>
        new Promise<void>((_, reject) => {
          signal.onabort = () => reject(new Error("stopped", { cause: signal.reason }));
        }),
    });
    return run(parallel(stops, refusing(refuse)));
  },
};

function refusing(refuse: Refuse, name = "refusing") {
  return step({ name, run: refuse });
}

function run(...steps: AnyStep[]): Promise<Result<object>> {
  return pipeline({ name: "outer", steps }).run();
}

/** The parts of the inputs that no log may contain. */
const refused = [SECRET, `${PIN}`, "2001", "§"];

function assertSafe(told: unknown): string {
  const lines = [JSON.stringify(told), JSON.stringify(toJSON(told)), JSON.stringify({ told })];
  // A random id may by chance contain the rejected digits.
  const known = lines.map((line) => line.replaceAll(/"runId":"[-0-9a-f]{36}"/g, '"runId":"…"'));
  for (const line of known) {
    for (const value of refused) assertFalse(line?.includes(value), line);
  }
  return lines.join("\n");
}

for (const [validator, cases] of Object.entries(validators)) {
  describe(`a log line shows nothing that ${validator} has refused`, () => {
    for (const boundary of ["argsSchema", "requires", "provides", "output"] as const) {
      it(`as ${boundary}`, async () => {
        for (const [schema, input] of cases) {
          const give = step({ name: "give", run: () => input });
          const bounded = {
            argsSchema: pipeline({ name: "p", argsSchema: schema, steps: [] }),
            requires: step({ name: "s", requires: schema, run: () => {} }),
            provides: step({ name: "s", provides: schema, run: () => input }),
            output: pipeline({ name: "p", steps: [give], output: schema }),
          }[boundary];
          const failure = failureOf(await bounded.run(input as never));
          assert(isRunsheetError(failure.error));
          assertSafe(failure);
          assertSafe({ ...failure });
          const [issue] = failure.error.toJSON().issues ?? [];
          assert(issue && issue.message !== "");
        }
      });
    }

    for (const [place, nested] of Object.entries(places)) {
      it(place, async () => {
        for (const [argsSchema, input] of cases) {
          const inner = pipeline({ name: "inner", argsSchema, steps: [] });
          const told = await nested(async () => unwrap(await inner.run(input)));
          const line = assertSafe(told);
          assertStringIncludes(line, "ARGS_VALIDATION");
        }
      });
    }
  });
}

describe("a log line names the kind of a value that the engine refuses:", () => {
  const token: Record<string, unknown> = { token: SECRET };
  const same = step({ name: "same", run: () => {} });
  const give = (value: unknown) => step({ name: "give", run: () => value as object });
  const around = (layer: Middleware) => pipeline({ name: "p", steps: [same], middleware: [layer] });

  const cases: Record<string, [run: () => Promise<unknown>, kind: string]> = {
    "args": [() => same.run(SECRET as never), "a string"],
    "an output": [() => give(SECRET).run({}), "a string"],
    "a number": [() => give(PIN).run({}), "a number"],
    "a bigint": [() => give(BigInt(PIN)).run({}), "a bigint"],
    "a symbol": [() => give(Symbol(SECRET)).run({}), "a symbol"],
    "an array": [() => give([SECRET]).run({}), "an array of 1"],
    "a list of a distribute": [
      () =>
        distribute("sent", { token: "n" }, step({ name: "s", run: (_: { n: string }) => {} })).run(
          token as never,
        ),
      "'token' must be an array: current value is a string",
    ],
    "a collection": [() => run(map("m", () => SECRET as never, () => 1)), "a string"],
    "an item": [() => run(map("m", () => [SECRET as never], same)), "a string"],
    "a list of a flatMap": [() => run(flatMap("m", () => [1], () => PIN as never)), "a number"],
    "a result of an iterator": [
      () =>
        run(
          map("m", () => ({
            [Symbol.asyncIterator]: () => ({ next: () => SECRET as never }),
          }), () => 1),
        ),
      "a string",
    ],
    "a result of middleware": [() => around(() => () => SECRET as never).run(), "a string"],
    "data of middleware": [
      () => around(() => () => ({ success: true, data: SECRET as never })).run(),
      "a string",
    ],
    "a context of middleware": [
      () => around((_s, next) => () => next(SECRET as never)).run(),
      "a string",
    ],
    "middleware": [() => around(() => SECRET as never).run(), "a string"],
    "a thrown value": [() => run(refusing(() => Promise.reject(SECRET))), "a string"],
    "a thrown value, by itself": [
      () => run(step({ name: "s", retry: { count: 1 }, run: () => Promise.reject(PIN) })),
      "a number",
    ],
    "an undo": [
      () => step({ name: "s", run: (_ctx, { defer }) => defer(SECRET as never) }).run({}),
      "a string",
    ],
    "a run option": [() => same.run({}, { runId: PIN as never }), "a number"],
    "an outcome of a host": [
      () =>
        same.run({}, {
          host: { perform: () => Promise.resolve(SECRET as never), sleep: () => Promise.resolve() },
        }),
      "a string",
    ],
  };
  for (const [what, [get, kind]] of Object.entries(cases)) {
    it(what, async () => {
      assertStringIncludes(assertSafe(await get()), kind);
    });
  }
});

describe("a log line keeps parts without values:", () => {
  const tell = async (argsSchema: Schema<object>, args: object) => {
    const p = pipeline({ name: "p", argsSchema, steps: [] });
    const { error } = failureOf(await p.run(args));
    assert(isRunsheetError(error, "ARGS_VALIDATION"));
    return error.toJSON().issues?.map(({ message }) => message);
  };

  it("messages of the application's own, in every validator", async () => {
    const own = "Please give us your address";
    const schemas = [
      type({ mail: type("string.email").configure({ message: own }) }),
      type({ mail: type("string").narrow((_mail, on) => on.reject({ message: own })) }),
      z.object({ mail: z.email({ error: own }) }),
      v.object({ mail: v.pipe(v.string(), v.email(own)) }),
    ];
    for (const schema of schemas) assertEquals(await tell(schema, { mail: SECRET }), [own]);
  });

  it("the constraint, and the kind of the value", async () => {
    assertEquals(
      await tell(type({ a: "string.email" }).or({ b: "string.uuid" }), { a: SECRET, b: SECRET }),
      ["a must be an email address (was …) or b must be a UUID (was …)"],
    );
    assertEquals(await tell(type({ a: "string", b: "number" }), { a: [SECRET] }), [
      "a must be a string (was an object)",
      "b must be a number (was missing)",
    ]);
    assertEquals(await tell(v.object({ a: v.string(), b: v.number() }), { a: [SECRET], b: true }), [
      "Invalid type: Expected string but received Array",
      "Invalid type: Expected number but received …",
    ]);
    assertEquals(await tell(z.object({ a: z.string() }), { a: PIN }), [
      "Invalid input: expected string, received number",
    ]);
  });

  it("and only the fact that a message quotes a value, in any schema", async () => {
    const quoting = (message: string): Schema<object> => ({
      "~standard": {
        version: 1,
        vendor: "mine",
        validate: () => ({ issues: [{ message, path: ["deep", "list", 0] }] }),
      },
    });
    const cases = [SECRET, PIN, 'it\'s "quoted"', "§", 12345678901234567890n, BIRTHDAY];
    for (const value of cases) {
      const text = typeof value === "string" ? JSON.stringify(value) : String(value);
      const args = { deep: { list: [new Map([["k", new Set([value])]])] } };
      assertEquals(await tell(quoting(`not ${text}`), args), ["is not what it must be"]);
      assertEquals(await tell(quoting("not a date"), args), ["not a date"]);
    }
  });
});
