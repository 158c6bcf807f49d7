import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import * as vm from "node:vm";
import { type ErrorCode, isRunsheetError, pipeline, step, UnknownError } from "@runsheet/runsheet";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail, thrower } from "../support/steps.ts";

const throwingProxy = new Proxy({}, {
  get: thrower,
  has: thrower,
  ownKeys: thrower,
  getOwnPropertyDescriptor: thrower,
  getPrototypeOf: thrower,
});
const ownProto = JSON.parse('{ "__proto__": { "polluted": true } }');

/** A run of two steps: the first has an effect, the second returns the given value. */
function runWith(output: () => unknown, args: unknown = {}) {
  const log: string[] = [];
  const effect = step({
    name: "effect",
    run: () => void log.push("do"),
    rollback: () => void log.push("undo"),
  });
  const hostile = step({ name: "hostile", run: output as () => void });
  return { log, result: pipeline({ name: "p", steps: [effect, hostile] }).run(args as object) };
}

describe("args", () => {
  const refused: [what: string, args: unknown, problem: string][] = [
    ["null", null, "must be an object of keys: current value is null"],
    ["an array", [1, 2], "must be an object of keys: current value is an array of 2"],
    ["a string", "order", 'must be an object of keys: current value is "order"'],
    ["a number", 42, "must be an object of keys: current value is 42"],
    ["a symbol", Symbol("s"), "must be an object of keys: current value is Symbol(s)"],
    ["a bigint", 1n, "must be an object of keys: current value is 1n"],
    ["a function", runWith, "must be an object of keys: current value is function runWith"],
    ["a Map", new Map(), "must be an object of keys: current value is a Map"],
    ["a Proxy that throws", throwingProxy, "must be readable: Error: boom"],
    [
      "an object whose getter throws",
      Object.defineProperty({}, "x", { get: thrower, enumerable: true }),
      "must be readable: Error: boom",
    ],
    [
      "an object with its own __proto__",
      ownProto,
      "must not have the key '__proto__': current value has it",
    ],
  ];
  for (const [what, args, problem] of refused) {
    it(`that are ${what} give a failed result, and nothing runs`, async () => {
      const { log, result } = runWith(() => {}, args);
      const failure = failureOf(await result);
      assert(isRunsheetError(failure.error, "ARGS_VALIDATION"));
      assertEquals(failure.error.message, `Cannot run 'p' as its args ${problem}`);
      assertEquals(failure.failedStep, "<args>");
      assertEquals({ ...failure.meta }, { name: "p", args: {}, stepsExecuted: [] });
      assertEquals(log, []);
    });
  }

  const accepted: [what: string, args: object][] = [
    ["a frozen object", Object.freeze({ n: 1 })],
    ["an object without a prototype", Object.assign(Object.create(null), { n: 1 })],
    ["an object with a getter", {
      get n() {
        return 1;
      },
    }],
    [
      "an instance of a class",
      new (class Order {
        n = 1;
      })(),
    ],
    ["an object of another realm", vm.runInNewContext("({ n: 1 })")],
  ];
  for (const [what, args] of accepted) {
    it(`that are ${what} are as good as any`, async () => {
      assertEquals<unknown>(dataOf(await runWith(() => {}, args).result), { n: 1 });
    });
  }

  it("have their getters read once", async () => {
    let reads = 0;
    const args = {
      get n() {
        return ++reads;
      },
    };
    assertEquals<unknown>(dataOf(await runWith(() => {}, args).result), { n: 1 });
    assertEquals(reads, 1);
  });
});

describe("an output", () => {
  const refused: [what: string, output: () => unknown, problem: string][] = [
    ["an array", () => [1], "must be an object of keys: current value is an array of 1"],
    ["a string", () => "x", 'must be an object of keys: current value is "x"'],
    ["a number", () => 0, "must be an object of keys: current value is 0"],
    ["false", () => false, "must be an object of keys: current value is false"],
    [
      "a promise of an array",
      () => Promise.resolve([]),
      "must be an object of keys: current value is an array of 0",
    ],
    [
      "a promise of a string",
      () => Promise.resolve("x"),
      'must be an object of keys: current value is "x"',
    ],
    ["a Set", () => new Set(), "must be an object of keys: current value is a Set"],
    ["an object whose getter throws", () => ({
      get x() {
        return thrower();
      },
    }), "must be readable: Error: boom"],
    [
      "an object with its own __proto__",
      () => ownProto,
      "must not have the key '__proto__': current value has it",
    ],
  ];
  for (const [what, output, problem] of refused) {
    it(`that is ${what} fails the run, which is undone`, async () => {
      const { log, result } = runWith(output);
      const failure = failureOf(await result);
      assert(isRunsheetError(failure.error, "PROVIDES_VALIDATION"));
      assertEquals(failure.error.message, `Cannot use the output of 'hostile' as it ${problem}`);
      assertEquals(log, ["do", "undo"]);
    });
  }

  it("that is a Proxy which throws fails the run with the thrown error, and is undone", async () => {
    const { log, result } = runWith(() => throwingProxy);
    assertStrictEquals(failureOf(await result).error, boom);
    assertEquals(log, ["do", "undo"]);
  });

  const thenables: [what: string, then: unknown][] = [
    ["throws", thrower],
    ["rejects", (_: unknown, reject: (error: Error) => void) => reject(boom)],
    [
      "rejects and then resolves",
      (resolve: (value: object) => void, reject: (error: Error) => void) => {
        reject(boom);
        resolve({});
      },
    ],
  ];
  for (const [what, then] of thenables) {
    it(`that is a thenable which ${what} fails the run with its error`, async () => {
      const { log, result } = runWith(() => ({ then }));
      assertStrictEquals(failureOf(await result).error, boom);
      assertEquals(log, ["do", "undo"]);
    });
  }

  it("that is a thenable which resolves twice counts once", async () => {
    const { result } = runWith(() => ({
      then(resolve: (value: object) => void) {
        resolve({ n: 1 });
        resolve({ n: 2 });
        thrower();
      },
    }));
    assertEquals<unknown>(dataOf(await result), { n: 1 });
  });

  it("with keys named constructor or toString is plain data and pollutes nothing", async () => {
    const { result } = runWith(() => ({
      constructor: { prototype: { polluted: true } },
      toString: 1,
    }));
    assertEquals(Object.keys(dataOf(await result)), ["constructor", "toString"]);
    assertFalse("polluted" in {});
  });

  it("keeps the context from polluting a prototype, deep or not", async () => {
    for (const immutable of [undefined, "deep"] as const) {
      const nested = step({ name: "nested", run: () => ({ nested: ownProto }) });
      const data = dataOf(await pipeline({ name: "p", steps: [nested], immutable }).run());
      assertFalse("polluted" in {});
      assertFalse("polluted" in data);
      assertStrictEquals(Object.getPrototypeOf(data.nested), Object.prototype);
    }
  });
});

describe("what is thrown", () => {
  const values: [what: string, value: unknown][] = [
    ["a string", "oops"],
    ["undefined", undefined],
    ["null", null],
    ["an object", { code: 1 }],
    ["an object without a prototype", Object.create(null)],
    ["a Proxy that throws", throwingProxy],
    ["an object whose toString throws", { toString: thrower }],
    ["a symbol", Symbol("s")],
  ];
  for (const [what, value] of values) {
    it(`becomes an UnknownError when it is ${what}`, async () => {
      const { log, result } = runWith(() => {
        throw value;
      });
      const { error } = failureOf(await result);
      assert(error instanceof UnknownError);
      assertStrictEquals(error.originalValue, value);
      assertEquals(log, ["do", "undo"]);
    });
  }

  const cyclic = new Error("cyclic");
  cyclic.cause = cyclic;
  const errors: [what: string, error: Error][] = [
    ["a frozen Error", Object.freeze(new Error("frozen"))],
    ["a cyclic Error", cyclic],
    ["an Error of another realm", vm.runInNewContext("new TypeError('other realm')")],
    ["a DOMException", new DOMException("aborted", "AbortError")],
  ];
  for (const [what, error] of errors) {
    it(`passes through as it is when it is ${what}`, async () => {
      const { result } = runWith(() => Promise.reject(error));
      assertStrictEquals(failureOf(await result).error, error);
    });
  }

  it("is never mutated: an application's error keeps its cause", async () => {
    const cause = { mine: true };
    const error = new Error("with cause", { cause });
    const { result } = runWith(() => Promise.reject(error));
    failureOf(await result);
    assertStrictEquals(error.cause, cause);
    assertEquals(Object.keys(error), []);
  });
});

describe("run options", () => {
  const cases: [what: string, options: unknown, problem: string][] = [
    ["null", null, "its options must be an object: current value is null"],
    ["a number", 5, "its options must be an object: current value is 5"],
    [
      "an unknown option",
      { sginal: 1 },
      'its options must be among signal, apart, runId, host, onLate, waitUntil, observer, events, deps: current value is "sginal"',
    ],
    [
      "a signal that is not one",
      { signal: {} },
      "'signal' must be an AbortSignal: current value is an object with keys []",
    ],
    [
      "an empty runId",
      { runId: "" },
      `'runId' must be a string that is not empty: current value is ""`,
    ],
    [
      "a host that cannot perform",
      { host: {} },
      "'host.perform' must be a function: current value is undefined",
    ],
    [
      "an onLate that is not a function",
      { onLate: 1 },
      "'onLate' must be a function: current value is 1",
    ],
    [
      "a waitUntil that is not a function",
      { waitUntil: 1 },
      "'waitUntil' must be a function: current value is 1",
    ],
  ];
  for (const [what, options, problem] of cases) {
    it(`with ${what} give a failed result, and nothing runs`, async () => {
      let ran = false;
      const a = step({
        name: "a",
        run: () => {
          ran = true;
        },
      });
      const failure = failureOf(await a.run({}, options as never));
      const code: ErrorCode = "CONFIG";
      assert(isRunsheetError(failure.error, code));
      assertEquals(failure.error.message, `Cannot run 'a' as ${problem}`);
      assertEquals(failure.failedStep, "<options>");
      assertFalse(ran);
    });
  }

  it("whose getter throws give a failed result", async () => {
    const options = {
      get signal() {
        return thrower();
      },
    };
    assertStrictEquals(
      failureOf(await step({ name: "a", run: () => {} }).run({}, options)).error,
      boom,
    );
  });

  it("keep their runId, even if something else that they inherit cannot be read", async () => {
    class Settings {
      runId = "r";
      get key() {
        return thrower();
      }
    }
    const result = await step({ name: "a", run: () => {} }).run({}, new Settings());
    assertEquals(result.meta.runId, "r");
  });
});

describe("size", () => {
  it("does not matter for a pipeline of 10,000 steps, which are all undone", async () => {
    let undone = 0;
    const one = step({ name: "one", run: () => {}, rollback: () => void undone++ });
    const steps = [...Array.from({ length: 10_000 }, () => one), fail];
    const failure = failureOf(await pipeline({ name: "p", steps }).run());
    assertEquals(undone, 10_000);
    assertEquals(failure.rollback.completed[0], "one#10000");
  });

  it("does not matter for pipelines nested 200 deep", async () => {
    let nested = pipeline({
      name: "n",
      steps: [step({ name: "leaf", run: () => {}, rollback: () => {} }), fail],
    });
    for (let depth = 0; depth < 200; depth++) {
      nested = pipeline({ name: "n", steps: [nested] }) as typeof nested;
    }
    const failure = failureOf(await nested.run());
    assertEquals(failure.rollback.completed, [`${"n/".repeat(200)}leaf`]);
  });
});
