import { describe, it } from "node:test";
import { assertType, type IsExact } from "@std/testing/types";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  ConfigError,
  filter,
  pipeline,
  PredicateError,
  type Result,
  type Step,
} from "@runsheet/runsheet";
import { deferred, drain } from "../support/deferred.ts";
import { RecordingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, failAsync } from "../support/steps.ts";

const numbers = (ctx: { numbers: number[] }) => ctx.numbers;

describe("filter", () => {
  it("keeps the items for which the predicate holds, in their order", async () => {
    const even = filter("even", numbers, (n) => n % 2 === 0);
    assertEquals(dataOf(await even.run({ numbers: [4, 1, 2, 3, 2] })), { even: [4, 2, 2] });
  });

  it("keeps the order whichever item is decided first", async () => {
    const gates = [0, 1, 2].map(() => deferred<boolean>());
    const running = filter("kept", () => [0, 1, 2], (n) => gates[n]!.promise).run({});
    for (const n of [2, 1, 0]) {
      gates[n]?.resolve(n !== 1);
      await drain();
    }
    assertEquals(dataOf(await running), { kept: [0, 2] });
  });

  it("keeps the items themselves, and does not flatten lists", async () => {
    const lists = [[1, 2], [], [3]];
    const { kept } = dataOf(await filter("kept", () => lists, () => true).run({}));
    assertEquals(kept, lists);
    kept.forEach((list, n) => assertStrictEquals(list, lists[n]));
    assert(lists.every((list) => !Object.isFrozen(list)));
  });

  it("keeps falsy items for which the predicate holds", async () => {
    const falsy = [0, "", null, undefined, false];
    assertEquals(dataOf(await filter("kept", () => falsy, () => true).run({})).kept, falsy);
  });

  it("treats the return value of a predicate as true or false", async () => {
    const loose = filter("kept", () => [0, 1, 2], (n) => n as unknown as boolean);
    assertEquals(dataOf(await loose.run({})).kept, [1, 2]);
  });

  it("gives the predicate the item, the context and its index, signal and key", async () => {
    const given: unknown[] = [];
    const kept = filter("kept", () => ["a", "b"], (item, ctx: { n: number }, info) => {
      given.push([item, ctx, info.index, info.key, info.signal.aborted]);
      return true;
    });
    await pipeline({ name: "p", steps: [kept] }).run({ n: 1 }, { runId: "r" });
    assertEquals(given, [
      ["a", { n: 1 }, 0, "r/p/filter(kept)[0]", false],
      ["b", { n: 1 }, 1, "r/p/filter(kept)[1]", false],
    ]);
  });

  it("fails with the cause when the predicate throws or rejects", async () => {
    const throwing = [
      () => {
        throw boom;
      },
      () => Promise.reject(boom),
    ];
    for (const keep of throwing) {
      const p = pipeline({ name: "p", steps: [filter("kept", () => [1], keep)] });
      const { error, failedStep } = failureOf(await p.run());
      assertInstanceOf(error, PredicateError);
      assertStrictEquals(error.cause, boom);
      assertEquals(
        error.message,
        "Cannot go on in 'filter(kept)[0]' as its predicate threw: Error: boom",
      );
      assertEquals(failedStep, "filter(kept)[0]");
    }
  });

  it("is among the steps executed when a predicate throws", async () => {
    const kept = filter("kept", () => [1], () => Promise.reject(boom));
    const { meta } = failureOf(await pipeline({ name: "p", steps: [kept] }).run());
    assertEquals(meta.stepsExecuted, ["filter(kept)"]);
  });

  it("fails with the errors of all predicates in the order of the items", async () => {
    const errors = [new Error("zero"), new Error("one")];
    const gates = errors.map(() => deferred<boolean>());
    const running = filter("kept", () => [0, 1], (n) => gates[n]!.promise).run({});
    for (const n of [1, 0]) {
      gates[n]?.reject(errors[n]);
      await drain();
    }
    const { error } = failureOf(await running);
    assertInstanceOf(error, AggregateError);
    assertEquals(error.errors.map(({ cause }: Error) => cause), errors);
  });

  it("does not count predicates that stopped because they were aborted", async () => {
    const stops = [
      (signal: AbortSignal) => signal.reason,
      () => new DOMException("stopped", "AbortError"),
      (signal: AbortSignal) => new Error("stopped", { cause: signal.reason }),
    ];
    for (const stop of stops) {
      const kept = filter("kept", () => [0, 1], async (n, _ctx, { signal }) => {
        if (n === 0) throw boom;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw stop(signal);
      });
      const { error } = failureOf(await kept.run({}));
      assertInstanceOf(error, PredicateError);
      assertStrictEquals(error.cause, boom);
    }
  });

  it("runs the undos that predicates deferred", async () => {
    const undone: number[] = [];
    const kept = filter("kept", () => [0, 1, 2], (n, _ctx, { defer }) => {
      defer(() => undone.push(n));
      return n === 1;
    });
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [kept, failAsync] }).run());
    assertEquals(undone, [2, 1, 0]);
    assertEquals(rollback.completed, [2, 1, 0].map((n) => `filter(kept)[${n}] (deferred)`));
  });

  it("asks the host for each predicate by its item's path", async () => {
    const host = new RecordingHost();
    const kept = filter("kept", () => [1, 2], () => true);
    await pipeline({ name: "p", steps: [kept] }).run({}, { host });
    assertEquals(host.calls.map(({ id, kind }) => [id, kind]), [
      ["filter(kept)[0]", "predicate"],
      ["filter(kept)[1]", "predicate"],
    ]);
  });

  it("has the type of the items, narrowed by a type guard", async () => {
    const mixed = () => ["a", 1, null];
    const strings = filter("kept", mixed, (item) => typeof item === "string");
    assertType<
      IsExact<typeof strings, Step<"filter(kept)", Record<never, never>, { kept: string[] }>>
    >(
      true,
    );
    const all = filter("kept", mixed, () => Promise.resolve(true));
    const result = await all.run({});
    assertType<IsExact<typeof result, Result<{ kept: (string | number | null)[] }>>>(true);
    assertEquals(dataOf(await strings.run({})), { kept: ["a"] });
  });

  it("needs the keys of the context that its functions read", () => {
    const kept = filter("kept", numbers, (n, ctx) => ctx.numbers.includes(n));
    assertType<IsExact<Parameters<typeof kept.run>[0], { numbers: number[] }>>(true);
    const values = filter("kept", () => new Map([["a", 1]]), (n) => n > 0);
    const p = pipeline({ name: "p", steps: [kept, values] });
    assertType<IsExact<Parameters<typeof p.run>[0], { numbers: number[] }>>(true);
  });

  const keep = () => true;
  const list = () => [1];
  const wrong: Record<string, [() => unknown, string]> = {
    "an empty key": [
      () => filter("", list, keep),
      `Cannot create a filter() as 'name' must be a string that is not empty: current value is ""`,
    ],
    "items that are not a function": [
      () => filter("kept", [1] as never, keep),
      "Cannot create filter(kept) as 'items' must be a function: current value is an array of 1",
    ],
    "no predicate": [
      () => filter("kept", list, undefined as never),
      "Cannot create filter(kept) as 'keep' must be a function: current value is undefined",
    ],
    "a step in place of a predicate": [
      () => filter("kept", list, failAsync as never),
      "Cannot create filter(kept) as 'keep' must be a function: current value is an object with keys " +
      "[name,requires,provides,retry,timeout,undos,run]",
    ],
    "failures to collect": [
      () => filter("kept", list, keep, { onFailure: "collect" as never }),
      `Cannot create filter(kept) as 'onFailure' must be among abort, settle: current value is "collect"`,
    ],
    "an unknown option": [
      () => filter("kept", list, keep, { as: "item" } as never),
      "Cannot create filter(kept) as its options must be among concurrency, onFailure, undoConcurrency: current value " +
      `is "as"`,
    ],
  };
  for (const [what, [create, message]] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      assertEquals(assertThrows(create, ConfigError).message, message);
    });
  }
});
