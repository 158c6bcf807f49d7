// A null that is passed by mistake must not count as undefined: an undo would be missing, or a
// limit.
import { describe, it } from "node:test";
import { assert, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  distribute,
  filter,
  flatMap,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  type Result,
  step,
} from "@runsheet/runsheet";
import { assertUndoDeclared, ledger, runStep, sweep } from "@runsheet/runsheet/testing";

type Options = Record<string, unknown>;

/** Accepts options that no type would allow. */
function anyOf(take: (...args: never[]) => unknown): (...args: unknown[]) => unknown {
  return take as (...args: unknown[]) => unknown;
}

const work = step({ name: "work", run: () => ({ a: 1 }), rollback: () => {} });
const whole = pipeline({ name: "whole", steps: [work] });
const items = () => [1];
const retry = { count: 1 };
const undo = { run: () => {} };

/** Functions that throw, with their options. */
const synchronous: Record<string, [names: string[], make: (options: Options) => unknown]> = {
  "a step": [
    [
      ...["name", "requires", "provides", "run", "rollback", "undoByKey", "idempotent"],
      ...["retry", "timeout", "graceMs", "lateMs", "overlap"],
    ],
    (options) => anyOf(step)({ name: "s", run: () => {}, ...options }),
  ],
  "a retry policy": [
    ["count", "delay", "backoff", "jitter", "maxDelay", "retryIf"],
    (options) => anyOf(step)({ name: "s", run: () => {}, retry: { ...retry, ...options } }),
  ],
  "a rollback": [
    ["run", "retry", "timeout"],
    (options) => anyOf(step)({ name: "s", run: () => {}, rollback: { ...undo, ...options } }),
  ],
  "an undo by key": [
    ["run", "retry", "timeout", "afterMs"],
    (options) => anyOf(step)({ name: "s", run: () => {}, undoByKey: { ...undo, ...options } }),
  ],
  "a pipeline": [
    ["name", "steps", "argsSchema", "output", "middleware", "strict", "timeout", "immutable"],
    (options) => anyOf(pipeline)({ name: "p", steps: [work], ...options }),
  ],
  "build": [["output"], (options) => anyOf(pipeline({ name: "p" }).step(work).build)(options)],
  "parallel.with": [
    ["concurrency", "onFailure"],
    (options) => anyOf(parallel.with as never)(options),
  ],
  "map over a step": [
    ["as", "concurrency", "onFailure"],
    (options) => anyOf(map)("m", items, work, options),
  ],
  "map": [["concurrency", "onFailure"], (options) => anyOf(map)("m", items, () => {}, options)],
  "filter": [["concurrency"], (options) => anyOf(filter)("f", items, () => true, options)],
  "flatMap": [["concurrency"], (options) => anyOf(flatMap)("f", items, () => [], options)],
  "distribute": [
    ["concurrency", "onFailure"],
    (options) => anyOf(distribute)("d", { list: "a" }, work, options),
  ],
  "assertUndoDeclared": [["except"], (options) => anyOf(assertUndoDeclared)(whole, options)],
};

/** Functions that reject, with their options. */
const asynchronous: typeof synchronous = {
  "sweep": [
    [
      ...["ledger", "setup", "faults", "only", "except"],
      ...["maxCases", "sample", "error", "patience"],
    ],
    (options) => anyOf(sweep)(whole, {}, options),
  ],
  "a request to a ledger": [
    ["signal", "amount"],
    async (options) => await anyOf(ledger().add)("charge", "c1", options),
  ],
};

function isSentence(error: Error): void {
  assert(isRunsheetError(error, "CONFIG"), error.stack);
  assertMatch(error.message, /^Cannot .+ as .+: current value is (null|undefined)$/);
}

describe("null is refused with a sentence", () => {
  for (const [what, [names, make]] of Object.entries(synchronous)) {
    it(`for all options of ${what}`, () => {
      for (const name of names) {
        isSentence(assertThrows(() => make({ [name]: null }), Error, undefined, name));
      }
    });
  }

  it("in place of the options", () => {
    const { build } = pipeline({ name: "p" }).step(work);
    const places: Record<string, () => unknown> = {
      step: () => anyOf(step)(null),
      pipeline: () => anyOf(pipeline)(null),
      build: () => anyOf(build)(null),
      "parallel.with": () => anyOf(parallel.with as never)(null),
      map: () => anyOf(map)("m", items, work, null),
      filter: () => anyOf(filter)("f", items, () => true, null),
      flatMap: () => anyOf(flatMap)("f", items, () => [], null),
      distribute: () => anyOf(distribute)("d", { list: "a" }, work, null),
      assertUndoDeclared: () => anyOf(assertUndoDeclared)(whole, null),
      ledger: () => anyOf(ledger)(null),
    };
    for (const [place, make] of Object.entries(places)) {
      isSentence(assertThrows(make, Error, undefined, place));
    }
  });
  for (const [what, [names, make]] of Object.entries(asynchronous)) {
    it(`for all options of ${what}, and in place of them`, async () => {
      for (const name of names) {
        const asking = async () => await make({ [name]: null });
        isSentence(await assertRejects(asking, Error, undefined, name));
      }
      isSentence(await assertRejects(async () => await make(null as never), Error));
    });
  }

  it("for all options of a run, and in place of them", async () => {
    const names = ["signal", "runId", "host", "onLate", "waitUntil", "observer"];
    for (const options of [null, ...names.map((name) => ({ [name]: null }))]) {
      const result = await anyOf(work.run)({}, options) as Result<unknown>;
      assert(!result.success);
      isSentence(result.error);
    }
  });

  it("in place of the options of runStep", async () => {
    isSentence(await assertRejects(async () => await anyOf(runStep)(work, {}, null), Error));
  });

  it("in place of an undo", async () => {
    const result = await step({
      name: "s",
      run: (_ctx, { defer }) => defer(null as never),
    }).run({});
    assert(!result.success);
    isSentence(result.error);
  });
});
