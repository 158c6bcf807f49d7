import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertNotEquals, assertThrows } from "@std/assert";
import { assertType, type IsAny, type IsExact } from "@std/testing/types";
import { ConfigError, pipeline, type Result, type RunInfo, step } from "@runsheet/runsheet";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { type Cleanups, cleanups } from "../support/cleanup.ts";
import { dataOf } from "../support/results.ts";

const half = step({ name: "half", run: (ctx: { n: number }) => ({ half: ctx.n / 2 }) });

/** A step that collects values of its `info` in three attempts, of which the last succeeds. */
function collecting<T>(name: string, collected: T[], read: (info: RunInfo) => T) {
  return step({
    name,
    retry: { count: 2 },
    run: (_ctx, info) => {
      collected.push(read(info));
      if (info.attempt < 3) throw new Error("again");
    },
  });
}

/** Returns a function that counts the AbortControllers created so far. */
function countControllers({ after }: Cleanups): () => number {
  const Real = globalThis.AbortController;
  let made = 0;
  globalThis.AbortController = class extends Real {
    constructor() {
      super();
      made++;
    }
  };
  after(() => {
    globalThis.AbortController = Real;
  });
  return () => made;
}

describe("step", () => {
  it("may be run alone, and its data is its output", async () => {
    assertEquals(dataOf(await half.run({ n: 4 })), { half: 2 });
  });

  it("has its own name and args in the meta when it runs alone", async () => {
    const { meta } = await half.run({ n: 4 });
    assertEquals({ ...meta }, { name: "half", args: { n: 4 }, stepsExecuted: ["half"] });
  });

  it("may have an async run", async () => {
    const later = step({ name: "later", run: (ctx: { n: number }) => Promise.resolve(ctx) });
    assertEquals(dataOf(await later.run({ n: 4 })), { n: 4 });
  });

  const nothings = { void: () => {}, undefined: () => undefined, null: () => null };
  for (const [name, run] of Object.entries(nothings)) {
    it(`adds nothing when its run returns ${name}, at once or later`, async () => {
      const sync = step({ name: "sync", run });
      const later = step({ name: "later", run: () => Promise.resolve(run()) });
      assertEquals(dataOf(await sync.run({})), {});
      const both = pipeline({ name: "both", steps: [half, sync, later] });
      assertEquals(dataOf(await both.run({ n: 4 })), { n: 4, half: 2 });
    });
  }

  it("adds a frozen copy of its output, and leaves the original unchanged", async () => {
    const original = { b: 1 };
    const data = dataOf(await step({ name: "s", run: () => original }).run({}));
    original.b = 2;
    assertEquals(data, { b: 1 });
    assert(Object.isFrozen(data));
    assertFalse(Object.isFrozen(original));
  });

  it("gives run a frozen context", async () => {
    const frozen: boolean[] = [];
    const look = step({ name: "look", run: (ctx) => void frozen.push(Object.isFrozen(ctx)) });
    const parsing = step({
      name: "parsing",
      requires: type({ n: "string.numeric.parse" }),
      run: (ctx) => void frozen.push(Object.isFrozen(ctx)),
    });
    await pipeline({ name: "p", steps: [look, parsing] }).run({ n: "5" });
    assertEquals(frozen, [true, true]);
  });

  it("is frozen, and shows its name and schemas", () => {
    const requires = type({ a: "string" });
    const provides = z.object({ b: z.number() });
    const s = step({ name: "s", requires, provides, run: () => ({ b: 1 }) });
    assert(Object.isFrozen(s));
    assertEquals([s.name, s.requires, s.provides], ["s", requires, provides]);
    assertEquals([half.requires, half.provides], [undefined, undefined]);
  });

  it("is not changed by later changes to the definition", async () => {
    const definition = { name: "s", run: () => ({ n: 1 }), retry: { count: 0 } };
    const s = step(definition);
    definition.name = "other";
    definition.run = () => ({ n: 2 });
    assertEquals([s.name, dataOf(await s.run({}))], ["s", { n: 1 }]);
  });

  it("may be used by many pipelines at once", async () => {
    const [a, b] = ["a", "b"].map((name) => pipeline({ name, steps: [half] }));
    const results = await Promise.all([a?.run({ n: 2 }), b?.run({ n: 4 }), half.run({ n: 6 })]);
    const halves = results.map((result) => result?.success && result.data.half);
    assertEquals(halves, [1, 2, 3]);
  });
});

describe("info.attempt", () => {
  it("counts the attempts from 1", async () => {
    const attempts: number[] = [];
    await collecting("s", attempts, (info) => info.attempt).run({});
    assertEquals(attempts, [1, 2, 3]);
  });
});

describe("info.key", () => {
  it("is the same for every attempt of one step in one run", async () => {
    const keys: string[] = [];
    await collecting("s", keys, ({ key }) => key).run({});
    assertEquals(keys.length, 3);
    assertEquals(new Set(keys).size, 1);
  });

  it("differs between runs", async () => {
    const keys: string[] = [];
    const s = step({ name: "s", run: (_ctx, { key }) => void keys.push(key) });
    await s.run({});
    await s.run({});
    assertNotEquals(keys[0], keys[1]);
  });

  it("is the same in runs with the same runId", async () => {
    const keys: string[] = [];
    const s = collecting("s", keys, ({ key }) => key);
    await s.run({}, { runId: "r" });
    await s.run({}, { runId: "r" });
    assertEquals([...new Set(keys)], ["r/s"]);
  });

  it("contains the path, so that no two steps of a run share it", async () => {
    const keys: string[] = [];
    const log = step({ name: "log", run: (_ctx, { key }) => void keys.push(key) });
    const inner = pipeline({ name: "inner", steps: [log] });
    const outer = pipeline({ name: "outer", steps: [log, log, inner] });
    await outer.run({}, { runId: "r" });
    assertEquals(keys, ["r/outer/log", "r/outer/log#2", "r/outer/inner/log"]);
  });
});

describe("info.signal", () => {
  const cleanup = cleanups();

  it("costs no AbortController unless it is read", async () => {
    const { signal } = new AbortController();
    const made = countControllers(cleanup);
    const retrying = step({
      name: "retrying",
      retry: { count: 1 },
      run: (_ctx, { attempt, defer, key }) => {
        defer(() => {});
        if (attempt === 1) throw new Error(key);
      },
    });
    dataOf(await pipeline({ name: "p", steps: [half, retrying] }).run({ n: 1 }));
    dataOf(await pipeline({ name: "p", steps: [half, retrying] }).run({ n: 1 }, { signal }));
    assertEquals(made(), 0);
  });

  it("is created when it is read, even by destructuring, and only once per attempt", async () => {
    const made = countControllers(cleanup);
    const signals: AbortSignal[] = [];
    const s = collecting("s", signals, (info) => {
      const { signal } = info;
      assert(signal === info.signal);
      return signal;
    });
    dataOf(await s.run({}));
    assertEquals(made(), 3);
    assertEquals(new Set(signals).size, 3);
    assert(signals.every((signal) => signal instanceof AbortSignal && !signal.aborted));
  });
});

describe("the types of a step", () => {
  it("infer what run needs and adds", async () => {
    const result = await half.run({ n: 4 });
    assertType<IsExact<typeof result, Result<{ half: number }>>>(true);
    assertType<IsExact<Parameters<typeof half.run>[0], { n: number }>>(true);
    assertType<IsExact<typeof half.name, "half">>(true);
  });

  it("may be stated", async () => {
    const given = step<{ a: string }, { b: number }>({
      name: "given",
      run: (ctx) => ({ b: ctx.a.length }),
    });
    const result = await given.run({ a: "tea" });
    assertType<IsExact<typeof result, Result<{ b: number }>>>(true);
    assertEquals(dataOf(result), { b: 3 });
  });

  it("follow the schemas: input for the caller, output for run and the data", async () => {
    const s = step({
      name: "s",
      requires: type({ n: "string.numeric.parse" }),
      provides: z.object({ day: z.string().transform((day) => new Date(day)) }),
      run: (ctx) => {
        assertType<IsExact<typeof ctx.n, number>>(true);
        return { day: `2026-01-0${ctx.n}` };
      },
      rollback: (ctx, output) => {
        assertType<IsExact<typeof ctx.n, number>>(true);
        assertType<IsExact<typeof output.day, Date>>(true);
      },
    });
    const result = await s.run({ n: "5" });
    assertType<IsExact<Parameters<typeof s.run>[0], { n: string }>>(true);
    assertType<IsExact<typeof result, Result<{ day: Date }>>>(true);
    assertEquals(dataOf(result), { day: new Date("2026-01-05") });
  });

  it("accumulate in the data of a pipeline, as an array and as a builder", async () => {
    const parse = step({
      name: "parse",
      requires: v.object({ text: v.string() }),
      run: (ctx) => ({ n: Number(ctx.text) }),
    });
    const quiet = step({ name: "quiet", run: () => {} });
    type Expected = Result<{ text: string; n: number; half: number }>;
    const array = pipeline({ name: "array", steps: [parse, quiet, half] });
    const built = pipeline({ name: "built" }).step(parse).step(quiet).step(half).build();
    const results = [await array.run({ text: "4" }), await built.run({ text: "4" })] as const;
    assertType<IsExact<typeof results[0], Expected>>(true);
    assertType<IsExact<typeof results[1], Expected>>(true);
    for (const result of results) assertEquals(dataOf(result), { text: "4", n: 4, half: 2 });
  });

  it("are any nowhere", async () => {
    const s = step({
      name: "s",
      run: (ctx, info) => {
        assertType<IsAny<typeof ctx>>(false);
        // @ts-expect-error Nothing is known of it before it is annotated.
        assertType<IsAny<typeof ctx.key>>(false);
        assertType<IsAny<typeof info | typeof info.signal | typeof info.defer>>(false);
        return { b: 1 };
      },
      rollback: (ctx, output, info) => {
        assertType<IsAny<typeof ctx>>(false);
        assertType<IsAny<typeof output | typeof output.b | typeof info | typeof info.error>>(false);
      },
    });
    const result = await pipeline({ name: "p", steps: [s] }).run();
    assertType<IsAny<typeof result>>(false);
    assertType<IsAny<typeof result.meta.args[string]>>(false);
    if (result.success) assertType<IsAny<typeof result.data | typeof result.data.b>>(false);
    else assertType<IsAny<typeof result.error>>(false);
  });
});

describe("a step's definition", () => {
  const run = () => {};
  const rollback = { run };
  const retry = { count: 1 };
  const known = "name, requires, provides, run, rollback, undoByKey, undos, idempotent, pivot, " +
    "retry, timeout, graceMs, lateMs, overlap";
  const policy = "count, delay, backoff, jitter, maxDelay, retryIf";
  const ms = "a number of milliseconds from";
  const cases: Record<string, [definition: unknown, message: string]> = {};
  function refused(why: string, definition: unknown, message: string): void {
    cases[why] = [definition, message];
  }

  const noObject = "create a step as its definition must be an object";
  refused("is missing", undefined, `${noObject}: current value is undefined`);
  refused("is a function", run, `${noObject}: current value is function run`);
  const noName = "create a step as 'name' must be a string that is not empty: current value is";
  refused("has no name", { run }, `${noName} undefined`);
  refused("has an empty name", { name: "", run }, `${noName} ""`);
  refused("has a number for a name", { name: 5, run }, `${noName} 5`);
  refused(
    "has an unknown option",
    { name: "s", run, timout: 5 },
    `create a step as its options must be among ${known}: current value is "timout"`,
  );
  const s = "create step 's' as";
  refused("has no run", { name: "s" }, `${s} 'run' must be a function: current value is undefined`);
  for (const key of ["requires", "provides"]) {
    const wrong = `${s} '${key}' must be a Standard Schema: current value is`;
    refused(`has a string for ${key}`, { name: "s", run, [key]: "a" }, `${wrong} "a"`);
    refused(`has null for ${key}`, { name: "s", run, [key]: null }, `${wrong} null`);
    refused(
      `has a plain object for ${key}`,
      { name: "s", run, [key]: { a: "string" } },
      `${wrong} an object with keys [a]`,
    );
  }
  refused(
    "has a number for rollback",
    { name: "s", run, rollback: 5 },
    `${s} 'rollback' must be a function or { run, retry, timeout }: current value is 5`,
  );
  refused(
    "has an unknown option in rollback",
    { name: "s", run, rollback: { run, retries: 5 } },
    `undo 's' as its options must be among run, retry, timeout: current value is "retries"`,
  );
  refused(
    "has a rollback without run",
    { name: "s", run, rollback: {} },
    "undo 's' as 'run' must be a function: current value is undefined",
  );
  for (const timeout of [0, -1, NaN, Infinity, 2 ** 31, "5"]) {
    const wrong = `'timeout' must be ${ms} 1 to 2147483647: current value is ${
      JSON.stringify(timeout) === "null" ? timeout : JSON.stringify(timeout)
    }`;
    refused(`has the timeout ${timeout}`, { name: "s", run, timeout }, `time 's' as ${wrong}`);
    refused(
      `has the timeout ${timeout} in rollback`,
      { name: "s", run, rollback: { run, timeout } },
      `time the rollback of 's' as ${wrong}`,
    );
  }
  const wrongRetries: [wrong: object, message: string][] = [
    [{ retries: 1 }, `its options must be among ${policy}: current value is "retries"`],
    ...[1.5, -1, NaN, -Infinity].map((count): [object, string] => [
      { count },
      `'count' must be a non-negative integer: current value is ${count}`,
    ]),
    ...[2, -0.5, NaN].map((jitter): [object, string] => [
      { jitter },
      `'jitter' must be between 0 and 1: current value is ${jitter}`,
    ]),
    ...["delay", "maxDelay"].flatMap((key) =>
      [-1, NaN, 2 ** 31].map((value): [object, string] => [
        { [key]: value },
        `'${key}' must be ${ms} 0 to 2147483647: current value is ${value}`,
      ])
    ),
    ...["cubic", 0.5, NaN, Infinity].map((backoff): [object, string] => [
      { backoff },
      "'backoff' must be 'linear', 'exponential', 'fixed' or a factor of at least 1: " +
      `current value is ${JSON.stringify(backoff)?.replace("null", String(backoff))}`,
    ]),
    [
      { backoff: "fixed", delay: () => 5 },
      `'backoff' must not stand beside a 'delay' that is a function: current value is "fixed"`,
    ],
    [{ retryIf: true }, "'retryIf' must be a function: current value is true"],
  ];
  for (const [wrong, message] of wrongRetries) {
    const [[key, value] = []] = Object.entries(wrong);
    const given = { name: "s", run, retry: { ...retry, ...wrong } };
    refused(`has the ${key} ${value} in retry`, given, `retry 's' as ${message}`);
    refused(
      `has the ${key} ${value} in the retry of rollback`,
      { name: "s", run, rollback: { ...rollback, retry: { ...retry, ...wrong } } },
      `retry the rollback of 's' as ${message}`,
    );
  }
  refused(
    "has null for retry",
    { name: "s", run, retry: null },
    "retry 's' as its definition must be an object: current value is null",
  );

  for (const [why, [definition, message]] of Object.entries(cases)) {
    it(`is refused at once when it ${why}`, () => {
      // @ts-expect-error it is wrong
      const error = assertThrows(() => step(definition), ConfigError);
      assertEquals(error.message, `Cannot ${message}`);
    });
  }

  it("may have the smallest and the largest numbers", () => {
    for (const ms of [1, 2 ** 31 - 1]) {
      const retry = { count: 0, delay: ms - 1, maxDelay: ms, jitter: 1 };
      step({
        name: "s",
        run,
        timeout: ms,
        graceMs: ms - 1,
        retry,
        rollback: { run, retry, timeout: ms },
      });
    }
  });

  it("may have undefined for every option", async () => {
    const none = undefined;
    const schemas = { requires: none, provides: none };
    const s = step({ name: "s", ...schemas, run, rollback: none, retry: none, timeout: none });
    assertEquals(dataOf(await s.run({})), {});
  });
});
