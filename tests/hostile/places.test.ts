// Whatever is thrown, wherever: run() returns a failed result, and completed work is undone once.
import * as vm from "node:vm";
import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import {
  type AnyStep,
  choice,
  distribute,
  filter,
  flatMap,
  isRunsheetError,
  map,
  type Middleware,
  parallel,
  pipeline,
  type Schema,
  step,
  when,
} from "@runsheet/runsheet";
import { observe } from "@runsheet/runsheet/observe";
import { failureOf } from "../support/results.ts";
import { boom, fail, thrower } from "../support/steps.ts";

const cyclic = new Error("cyclic");
cyclic.cause = cyclic;

/** An error with fields that throw when read. */
function unreadable(fields: readonly string[]): Error {
  const error = new Error("unreadable");
  for (const field of fields) Object.defineProperty(error, field, { get: thrower });
  return error;
}

const thrown: Record<string, unknown> = {
  "an Error": boom,
  "a frozen Error": Object.freeze(new Error("frozen")),
  "an Error that causes itself": cyclic,
  "an Error of another realm": vm.runInNewContext("new TypeError('elsewhere')"),
  "an Error whose message throws when it is read": unreadable(["message"]),
  // The stack comes first: Node computes it from the other fields when it is replaced.
  "an Error whose fields all throw": unreadable([
    "stack",
    "name",
    "message",
    "cause",
    "code",
    "errors",
    "constructor",
    "toString",
    "toJSON",
  ]),
  "an Error whose message is a symbol": Object.assign(new Error(), { message: Symbol("m") }),
  "an Error whose message throws when it is turned into text": Object.assign(new Error(), {
    message: { toString: thrower },
  }),
  "a Proxy around an Error that throws": new Proxy(new Error(), { get: thrower, has: thrower }),
  "undefined": undefined,
  "null": null,
  "zero": 0,
  "a symbol": Symbol("s"),
  "a function": thrower,
  "an object without a prototype": Object.create(null),
  "a Proxy that throws": new Proxy({}, { get: thrower, getPrototypeOf: thrower, has: thrower }),
  "a thenable": { then: thrower },
};

/** A schema with the given validation. */
const schemaOf = (validate: () => unknown): Schema<object> => ({
  "~standard": { version: 1, vendor: "hostile", validate: validate as never },
});

interface Options {
  readonly middleware?: readonly Middleware[];
  readonly output?: Schema<object>;
}
type Place = (hostile: () => never) => AnyStep | Options;
const items = () => [{ item: 1 }];
const some = step({ name: "some", run: (_: { item?: number }) => {} });
const list = step({ name: "list", run: () => ({ list: [1] }) });
const places: Record<string, Place> = {
  "run": (hostile) => step({ name: "x", run: hostile }),
  "an async run": (hostile) =>
    step({ name: "x", run: async () => await Promise.resolve().then(hostile) }),
  "a step of a parallel": (hostile) => parallel(some, step({ name: "x", run: hostile })),
  "every step of a parallel": (hostile) =>
    parallel.with({ onFailure: "settle" })(
      step({ name: "x", run: hostile }),
      step({ name: "y", run: async () => await Promise.resolve().then(hostile) }),
    ),
  "a step of a parallel, after one that has failed": (hostile) =>
    parallel(fail, step({ name: "x", run: () => Promise.resolve().then(hostile) })),
  "a step that is retried": (hostile) => step({ name: "x", retry: { count: 2 }, run: hostile }),
  "a step with a timeout": (hostile) => step({ name: "x", timeout: 60_000, run: hostile }),
  "a step of a pipeline with a timeout": (hostile) =>
    pipeline({
      name: "inner",
      timeout: 60_000,
      steps: [step({ name: "x", run: () => Promise.resolve().then(hostile) })],
    }),
  "a retryIf": (hostile) =>
    step({ name: "x", retry: { count: 2, retryIf: hostile }, run: () => Promise.reject(boom) }),
  "an undo deferred by a failed attempt": (hostile) =>
    step({
      name: "x",
      retry: { count: 1 },
      run: (_ctx, { defer }) => {
        defer(hostile);
        throw boom;
      },
    }),
  "a predicate of when": (hostile) => when(hostile, some),
  "a predicate of choice": (hostile) => choice([hostile, some]),
  "the collection of map": (hostile) => map("k", hostile as () => number[], () => 1),
  "the function of map": (hostile) => map("k", items, hostile),
  "a step of map": (hostile) => map("k", items, step({ name: "x", run: hostile })),
  "every item of a map": (hostile) => map("k", () => [1, 2], hostile, { onFailure: "settle" }),
  "an item of a bounded map": (hostile) =>
    map("k", () => [1, 2], () => Promise.resolve().then(hostile), { concurrency: 1 }),
  "the next of an iterator": (hostile) =>
    map("k", () => ({ [Symbol.iterator]: () => ({ next: hostile }) }), () => 1),
  "the next of an async iterator": (hostile) =>
    map("k", () => ({ [Symbol.asyncIterator]: () => ({ next: hostile }) }), () => 1),
  "the iterator of a collection": (hostile) =>
    map("k", () => ({ [Symbol.iterator]: hostile as () => Iterator<number> }), () => 1),
  "the predicate of filter": (hostile) => filter("k", items, hostile as () => boolean),
  "the function of flatMap": (hostile) => flatMap("k", items, hostile as () => number[]),
  "a step of distribute": (hostile) =>
    pipeline({
      name: "x",
      steps: [
        list,
        distribute(
          "k",
          { list: "item" },
          step({ name: "y", run: (_: { item: number }) => hostile() }),
        ),
      ],
    }),
  "a step of a nested pipeline": (hostile) =>
    pipeline({ name: "inner", steps: [step({ name: "x", run: hostile })] }),
  "the schema of requires": (hostile) =>
    step({ name: "x", requires: schemaOf(hostile), run: () => {} }),
  "the schema of provides": (hostile) =>
    step({ name: "x", provides: schemaOf(hostile), run: () => ({}) }),
  "the schema of a nested pipeline's args": (hostile) =>
    pipeline({ name: "inner", argsSchema: schemaOf(hostile), steps: [some] }),
  "an asynchronous schema": (hostile) =>
    step({ name: "x", requires: schemaOf(() => Promise.resolve().then(hostile)), run: () => {} }),
  "the schema of output": (hostile) => ({ output: schemaOf(hostile) }),
  "a getter of the output": (hostile) =>
    step({
      name: "x",
      run: () => Object.defineProperty({}, "k", { enumerable: true, get: hostile }),
    }),
  "a middleware's factory": (hostile) => ({
    middleware: [({ name }, next) => name === "after" ? hostile() : next],
  }),
  "a middleware": (hostile) => ({
    middleware: [({ name }, next) => (ctx) => name === "after" ? hostile() : next(ctx)],
  }),
  "a middleware, after its step": (hostile) => ({
    middleware: [({ name }, next) => async (ctx) => name === "after" ? hostile() : await next(ctx)],
  }),
};

for (const [where, place] of Object.entries(places)) {
  describe(`a value thrown by ${where} fails the run, and everything is undone once, when it is`, () => {
    for (const [what, value] of Object.entries(thrown)) {
      it(what, async () => {
        const log: string[] = [];
        const effect = step({
          name: "effect",
          run: () => void log.push("do"),
          rollback: () => void log.push("undo"),
        });
        const after = step({ name: "after", run: () => {} });
        const made = place(() => {
          throw value;
        });
        const [hostile, options] = "run" in made ? [[made], {}] : [[], made];
        const steps: AnyStep[] = [effect, after, ...hostile];
        const failure = failureOf(
          await pipeline({ name: "p", steps, ...options as object }).run(),
        );
        const { error, rollback } = failure;
        assert(error instanceof Error || value === thrown["an Error of another realm"]);
        assertEquals(log, ["do", "undo"]);
        assertEquals(rollback.completed, ["effect"]);
        assertEquals(rollback.failed.length, where.includes("deferred") ? 1 : 0);
        assertFalse("polluted" in {});
        assert(JSON.stringify(failure).includes('"success":false'));
      });
    }
  });
}

describe("a step whose output cannot be used is itself undone, when it is for", () => {
  for (const [what, value] of Object.entries(thrown)) {
    const hostile = () => {
      throw value;
    };
    const getter = Object.defineProperty({}, "k", { enumerable: true, get: hostile });
    const ways: Record<string, [provides: Schema<object> | undefined, output: object]> = {
      "a getter": [undefined, getter],
      "a nested getter": [undefined, { nested: getter }],
      "a schema": [schemaOf(hostile), {}],
      "an async schema": [schemaOf(() => Promise.resolve().then(hostile)), {}],
      "an issue": [schemaOf(() => ({ issues: [getter] })), {}],
      "an issue's message": [
        schemaOf(() => ({ issues: [Object.defineProperty({}, "message", { get: hostile })] })),
        {},
      ],
    };
    it(what, async () => {
      for (const [provides, output] of Object.values(ways)) {
        const undone: unknown[] = [];
        const x = step({
          name: "x",
          provides: provides as Schema<object>,
          run: () => output,
          rollback: (_ctx, output) => void undone.push(output),
        });
        const steps: AnyStep[] = [x, fail];
        const failure = failureOf(await pipeline({ name: "p", immutable: "deep", steps }).run());
        assertEquals(failure.rollback, { completed: ["x"], failed: [] });
        assertStrictEquals(undone[0], output);
        assertEquals(undone.length, 1);
        JSON.stringify(failure);
      }
    });
  }
});

describe("a value thrown by a rollback is reported, and the others still run, when it is", () => {
  for (const [what, value] of Object.entries(thrown)) {
    it(what, async () => {
      const undone: string[] = [];
      const first = step({
        name: "first",
        run: () => {},
        rollback: () => void undone.push("first"),
      });
      const hostile = step({
        name: "hostile",
        run: (_ctx, { defer }) => defer(() => void undone.push("deferred")),
        rollback: () => {
          throw value;
        },
      });
      const { error, rollback } = failureOf(
        await pipeline({ name: "p", steps: [first, hostile, fail] }).run(),
      );
      assertEquals(error, boom);
      assertEquals(undone, ["deferred", "first"]);
      assertEquals(rollback.completed, ["hostile (deferred)", "first"]);
      assertEquals(rollback.failed.map(({ step }) => step), ["hostile"]);
    });
  }
});

describe("a schema", () => {
  const answers: Record<string, () => unknown> = {
    "that returns nothing": () => undefined,
    "that returns a string": () => "fine",
    "whose value is an array": () => ({ value: [1] }),
    "whose value is null": () => ({ value: null }),
    "whose issues are not a list": () => ({ issues: 1 }),
    "whose promise rejects": () => Promise.reject(boom),
    "whose thenable throws": () => ({ then: thrower }),
  };
  for (const [what, validate] of Object.entries(answers)) {
    for (const boundary of ["requires", "provides"] as const) {
      it(`${what}, for ${boundary}, fails the run, which is undone`, async () => {
        const log: string[] = [];
        const effect = step({
          name: "effect",
          run: () => void log.push("do"),
          rollback: () => void log.push("undo"),
        });
        const x = step({ name: "x", [boundary]: schemaOf(validate), run: () => ({}) });
        const { error } = failureOf(
          await pipeline({ name: "p", steps: [effect, x] as AnyStep[] }).run(),
        );
        assert(isRunsheetError(error) || error === boom);
        assertEquals(log, ["do", "undo"]);
      });
    }
  }

  const throwing = schemaOf(() => ({
    value: {
      nested: {
        get key() {
          throw boom;
        },
      },
    },
  }));
  for (const wrap of [false, true]) {
    const where = wrap ? " of a nested pipeline" : "";
    it(`whose value throws when it is frozen is not taken for a failure of the step before it${where}`, async () => {
      const log: string[] = [];
      const effect = step({
        name: "effect",
        retry: { count: 1 },
        // deno-lint-ignore require-await -- the next step must begin after a promise
        run: async () => void log.push("do"),
        rollback: () => void log.push("undo"),
      });
      const x = step({ name: "x", requires: throwing, run: () => {} });
      const last = step({ name: "last", run: () => void log.push("last") });
      const steps = [effect, x, last] as AnyStep[];
      const p = pipeline({
        name: "p",
        steps: wrap ? [pipeline({ name: "inner", steps }), last] : steps,
        immutable: "deep",
      });
      assertEquals(failureOf(await p.run()).error, boom);
      assertEquals(log, ["do", "undo"]);
    });
  }

  it("whose value throws when it is frozen fails its item, and the group is undone, if it is observed, too", async () => {
    for (const observer of [undefined, observe(() => ({}))]) {
      const log: string[] = [];
      const effect = step({
        name: "effect",
        // deno-lint-ignore require-await -- the next step must begin after a promise
        run: async () => void log.push("do"),
        rollback: () => void log.push("undo"),
      });
      const inner = pipeline({
        name: "inner",
        steps: [effect, step({ name: "x", requires: throwing, run: () => {} })] as AnyStep[],
        immutable: "deep",
      });
      const items = map("items", () => [{ n: 1 }, { n: 2 }], inner as AnyStep, {
        concurrency: 1,
      });
      const failure = failureOf(
        await pipeline({ name: "p", steps: [items] }).run({}, { observer }),
      );
      assertEquals([failure.error, failure.failedStep], [boom, "map(items)[0]"]);
      assertEquals(log, ["do", "undo"]);
    }
  });

  it("that changes its input changes nothing that others see", async () => {
    const meddling: Schema<object> = {
      "~standard": {
        version: 1,
        vendor: "hostile",
        validate: (value) => {
          Object.assign(value as object, { n: 2 });
          return { value: value as object };
        },
      },
    };
    const seen: unknown[] = [];
    const look = step({ name: "look", run: (ctx: { n: number }) => void seen.push(ctx.n) });
    const x = step({ name: "x", requires: meddling, run: (ctx) => void seen.push(ctx) });
    const args = { n: 1 };
    await pipeline({ name: "p", steps: [look, x, look] }).run(args);
    assertEquals(seen, [1, { n: 2 }, 1]);
    assertEquals(args, { n: 1 });
  });
});
