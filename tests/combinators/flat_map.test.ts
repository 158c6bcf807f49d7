import { describe, it } from "node:test";
import { assertType, type IsExact } from "@std/testing/types";
import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import {
  ConfigError,
  flatMap,
  type ItemFailure,
  pipeline,
  ProvidesValidationError,
  type Step,
} from "@runsheet/runsheet";
import { deferred, drain } from "../support/deferred.ts";
import { RecordingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, failAsync } from "../support/steps.ts";

describe("flatMap", () => {
  it("joins the lists that the function returns, in the order of the items", async () => {
    const lines = flatMap(
      "lines",
      (ctx: { orders: { items: string[] }[] }) => ctx.orders,
      ({ items }) => items,
    );
    const orders = [{ items: ["tea", "milk"] }, { items: [] }, { items: ["cup"] }];
    assertEquals(dataOf(await lines.run({ orders })), { lines: ["tea", "milk", "cup"] });
  });

  it("keeps the order whichever item finishes first", async () => {
    const gates = [0, 1, 2].map(() => deferred<string[]>());
    const running = flatMap("out", () => [0, 1, 2], (n) => gates[n]!.promise).run({});
    for (const n of [2, 0, 1]) {
      gates[n]?.resolve([`${n}a`, `${n}b`]);
      await drain();
    }
    assertEquals(dataOf(await running).out, ["0a", "0b", "1a", "1b", "2a", "2b"]);
  });

  it("flattens only one level", async () => {
    const nested = flatMap("out", () => [1, 2], (n) => [[n], [[n]]]);
    assertEquals(dataOf(await nested.run({})).out, [[1], [[1]], [2], [[2]]]);
  });

  it("accepts any iterable as a list", async () => {
    const lists: Iterable<number>[] = [
      new Set([1, 2]),
      new Map([["a", 3]]).values(),
      (function* () {
        yield 4;
      })(),
      Uint8Array.of(5),
    ];
    assertEquals(dataOf(await flatMap("out", () => lists, (list) => list).run({})).out, [
      1,
      2,
      3,
      4,
      5,
    ]);
  });

  const wrong: [unknown, string][] = [
    ["abc", '"abc"'],
    [undefined, "undefined"],
    [null, "null"],
    [5, "5"],
    [{ length: 1 }, "an object with keys [length]"],
  ];
  for (const [given, shown] of wrong) {
    it(`fails when the function returns ${shown}, and runs the undos that it deferred`, async () => {
      const undone: number[] = [];
      const each = flatMap("out", () => [0, 1], (n, _ctx, { defer }) => {
        defer(() => undone.push(n));
        return n === 0 ? [] : given as [];
      });
      const { error, failedStep } = failureOf(await pipeline({ name: "p", steps: [each] }).run());
      assertInstanceOf(error, ProvidesValidationError);
      assertEquals(
        error.message,
        "Cannot use what 'flatMap(out)[1]' gave as it must be an array or another iterable: " +
          `current value is ${shown}`,
      );
      assertEquals(failedStep, "flatMap(out)[1]");
      assertEquals(undone, [1, 0]);
    });
  }

  it("fails at an item whose list throws while it is read, with the user's own error", async () => {
    const each = flatMap("out", () => [0, 1], function* (n) {
      yield n;
      if (n === 1) throw boom;
    });
    const { error, failedStep } = failureOf(await pipeline({ name: "p", steps: [each] }).run());
    assertStrictEquals(error, boom);
    assertEquals(failedStep, "flatMap(out)[1]");
  });

  it("gives the function the item, the context and its index and key", async () => {
    const given: unknown[] = [];
    const each = flatMap("out", () => ["a"], (item, ctx: { n: number }, { index, key }) => {
      given.push(item, ctx, index, key);
      return [];
    });
    await pipeline({ name: "p", steps: [each] }).run({ n: 1 }, { runId: "r" });
    assertEquals(given, ["a", { n: 1 }, 0, "r/p/flatMap(out)[0]"]);
  });

  it("runs the undos that the items deferred, in reverse, when a later step fails", async () => {
    const undone: number[] = [];
    const each = flatMap("out", () => [0, 1], (n, _ctx, { defer }) => {
      defer(() => undone.push(n));
      return [n, n];
    });
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [each, failAsync] }).run());
    assertEquals(undone, [1, 0]);
    assertEquals(rollback.completed, [1, 0].map((n) => `flatMap(out)[${n}] (deferred)`));
  });

  it("collects failures among the results of the other items", async () => {
    const undone: number[] = [];
    const each = flatMap("out", () => [0, 1, 2], (n, _ctx, { defer }) => {
      defer(() => undone.push(n));
      if (n === 1) throw boom;
      return [n, n];
    }, { onFailure: "collect" });
    assertEquals(dataOf(await each.run({})).out, [
      0,
      0,
      { success: false, error: boom, item: 1 },
      2,
      2,
    ]);
    assertEquals(undone, [1]);
  });

  it("collects an item that returns no list", async () => {
    const each = flatMap("out", () => [0], () => "abc" as unknown as string[], {
      onFailure: "collect",
    });
    const [failed] = dataOf(await each.run({})).out as unknown as ItemFailure<number>[];
    assertInstanceOf(failed?.error, ProvidesValidationError);
  });

  it("asks the host for each item by its path", async () => {
    const host = new RecordingHost();
    await flatMap("out", () => [1, 2], (n) => [n]).run({}, { host });
    assertEquals(host.calls.map(({ id, kind }) => [id, kind]), [
      ["flatMap(out)[0]", "item"],
      ["flatMap(out)[1]", "item"],
    ]);
  });

  it("has the type of the lists' items, with failures only when they are collected", () => {
    const items = (ctx: { words: Set<string> }) => ctx.words;
    const letters = flatMap("out", items, (word) => [...word].map((letter) => ({ letter })));
    type Letters = { out: { letter: string }[] };
    assertType<IsExact<typeof letters, Step<"flatMap(out)", { words: Set<string> }, Letters>>>(
      true,
    );
    const collected = flatMap("out", items, () => Promise.resolve([1]), { onFailure: "collect" });
    type Numbers = { out: (number | ItemFailure<string>)[] };
    assertType<
      IsExact<typeof collected, Step<"flatMap(out)", { words: Set<string> }, Numbers>>
    >(true);
  });

  const each = () => [1];
  const list = () => [1];
  const mistakes: Record<string, [() => unknown, string]> = {
    "an empty key": [
      () => flatMap("", list, each),
      `Cannot create a flatMap() as 'name' must be a string that is not empty: current value is ""`,
    ],
    "items that are not a function": [
      () => flatMap("out", undefined as never, each),
      "Cannot create flatMap(out) as 'items' must be a function: current value is undefined",
    ],
    "no function": [
      () => flatMap("out", list, [] as never),
      "Cannot create flatMap(out) as 'each' must be a function: current value is an array of 0",
    ],
    "an unknown policy": [
      () => flatMap("out", list, each, { onFailure: "ignore" as never }),
      "Cannot create flatMap(out) as 'onFailure' must be among abort, settle, collect: current value " +
      `is "ignore"`,
    ],
    "an unknown option": [
      () => flatMap("out", list, each, { limit: 1 } as never),
      "Cannot create flatMap(out) as its options must be among concurrency, onFailure, undoConcurrency: current value " +
      `is "limit"`,
    ],
  };
  for (const [what, [create, message]] of Object.entries(mistakes)) {
    it(`refuses ${what}`, () => {
      assertEquals(assertThrows(create, ConfigError).message, message);
    });
  }
});
