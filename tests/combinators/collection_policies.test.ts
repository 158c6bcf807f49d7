// The options of map, filter, flatMap and distribute, and the definitions that they reject.
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
  distribute,
  isRunsheetError,
  type ItemFailure,
  map,
  pipeline,
  RollbackError,
  type Step,
  step,
} from "@runsheet/runsheet";
import { combinators, distributed, failing } from "../support/collections.ts";
import { deferred, drain, never } from "../support/deferred.ts";
import { cleanups } from "../support/cleanup.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, failAsync } from "../support/steps.ts";

const stuck = new Error("stuck");

/** A pipeline for an item that fails in its second step. */
function importer(log: unknown[], wrong: number) {
  const insert = step({
    name: "insert",
    run: ({ row }: { row: number }, { defer }) => {
      log.push(`insert ${row}`);
      defer(() => log.push(`unlock ${row}`));
      return { id: row };
    },
    rollback: ({ row }, { id }, { error }) => void log.push(`delete ${row} ${id} ${error.message}`),
  });
  const check = step({
    name: "check",
    run: ({ row }: { row: number }) => {
      if (row === wrong) throw boom;
      return { checked: true };
    },
  });
  return pipeline({ name: "import", steps: [insert, check] });
}

describe("failures that are collected", () => {
  const { fakeTime } = cleanups();

  it("take the place of the results, and the pipeline continues", async () => {
    const each = map("out", () => [0, 1, 2], (n) => n === 1 ? Promise.reject(boom) : `n${n}`, {
      onFailure: "collect",
    });
    const after = step({
      name: "after",
      run: ({ out }: { out: readonly unknown[] }) => ({ count: out.length }),
    });
    const { out, count } = dataOf(await pipeline({ name: "p", steps: [each, after] }).run());
    assertEquals(out, ["n0", { success: false, error: boom, item: 1 }, "n2"]);
    const [, failed] = out;
    assert(typeof failed === "object" && failed.error === boom && Object.isFrozen(failed));
    assertEquals(count, 3);
  });

  it("hold the item itself", async () => {
    const item = { id: 1 };
    const each = map("out", () => [item], () => Promise.reject(boom), { onFailure: "collect" });
    const [failed] = dataOf(await each.run({})).out as ItemFailure<unknown>[];
    assertStrictEquals(failed?.item, item);
    assertEquals(Object.isFrozen(item), false);
  });

  it("are undone at once, each with its own effects and nothing else's", async () => {
    const log: unknown[] = [];
    const each = map("rows", () => [0, 1, 2], importer(log, 1), {
      as: "row",
      concurrency: 1,
      onFailure: "collect",
    });
    const { rows } = dataOf(await pipeline({ name: "p", steps: [each] }).run());
    assertEquals(log, ["insert 0", "insert 1", "delete 1 1 boom", "unlock 1", "insert 2"]);
    assertEquals(rows[1], { success: false, error: boom, item: 1 });
  });

  it("are undone before the next item starts where there is a limit", async () => {
    const gate = deferred();
    const started: number[] = [];
    const each = map("rows", () => [0, 1], (n, _ctx, { defer }) => {
      started.push(n);
      defer(() => gate.promise);
      throw boom;
    }, { concurrency: 1, onFailure: "collect" });
    const running = each.run({});
    await drain();
    assertEquals(started, [0]);
    gate.resolve();
    dataOf(await running);
    assertEquals(started, [0, 1]);
  });

  it("are not undone again when a later step fails, while the other items are", async () => {
    const log: unknown[] = [];
    const each = map("rows", () => [0, 1, 2], importer(log, 1), {
      as: "row",
      concurrency: 1,
      onFailure: "collect",
    });
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [each, failAsync] }).run());
    assertEquals(log.slice(5), ["delete 2 2 boom", "unlock 2", "delete 0 0 boom", "unlock 0"]);
    const paths = (n: number) =>
      ["", " (deferred)"].map((end) => `map(rows)[${n}]/import/insert${end}`);
    assertEquals(rollback.completed, [...paths(1), ...paths(2), ...paths(0)]);
  });

  it("report a failed undo, and its reason", async () => {
    const each = map("out", () => [0, 1], (_n, _ctx, { defer }) => {
      defer(() => Promise.reject(stuck));
      throw boom;
    }, { onFailure: "collect" });
    const p = pipeline({ name: "p", steps: [each, failAsync] });
    const { out } = dataOf(await each.run({}));
    for (const { error } of out as ItemFailure<number>[]) {
      assertInstanceOf(error, RollbackError);
      assertEquals(error.causes, [stuck]);
      assertStrictEquals(error.cause, boom);
      assertEquals(
        error.message,
        "Cannot go on without an item as what it did must be undone first: Error: stuck",
      );
    }
    const { rollback } = failureOf(await p.run());
    assertEquals(rollback.failed.map(({ step }) => step), [
      "map(out)[0] (deferred)",
      "map(out)[1] (deferred)",
    ]);
  });

  it("do not abort the other items", async () => {
    const aborted: boolean[] = [];
    const each = map("out", () => [0, 1], async (n, _ctx, { signal }) => {
      if (n === 0) throw boom;
      await drain();
      aborted.push(signal.aborted);
    }, { onFailure: "collect" });
    dataOf(await each.run({}));
    assertEquals(aborted, [false]);
  });

  it("include those of scalar items and of invalid items", async () => {
    const each = map("out", () => ["x"] as never[], failAsync, { onFailure: "collect" });
    const [failed] = dataOf(await each.run({})).out as unknown as ItemFailure<string>[];
    assert(isRunsheetError(failed?.error, "REQUIRES_VALIDATION"));
    assertEquals(failed.item, "x");
  });

  it("hold, in distribute, the combination that the item was bound to", async () => {
    const each = step({
      name: "each",
      run: ({ a, b }: { a: number; b: number }) => {
        if (a + b === 11) throw boom;
        return { sum: a + b };
      },
    });
    const sums = distribute("sums", { as: "a", bs: "b" }, each, { onFailure: "collect" });
    assertEquals(dataOf(await sums.run({ as: [1, 2], bs: [10, 20] })).sums, [
      { success: false, error: boom, item: { a: 1, b: 10 } },
      { sum: 21 },
      { sum: 12 },
      { sum: 22 },
    ]);
  });

  it("do not include the source's own failure", async () => {
    const each = map(
      "out",
      function* () {
        yield 1;
        throw boom;
      },
      (n) => n,
      { onFailure: "collect" },
    );
    assertStrictEquals(failureOf(await each.run({})).error, boom);
  });

  it("do not include the caller's abort", async () => {
    const controller = new AbortController();
    const gate = deferred();
    const undone: number[] = [];
    const each = map("out", () => [0, 1, 2], (n, _ctx, { defer }) => {
      defer(() => undone.push(n));
      if (n === 0) return;
      if (n === 2) controller.abort();
      return gate.promise;
    }, { onFailure: "collect" });
    const { error } = failureOf(await each.run({}, { signal: controller.signal }));
    assert(isRunsheetError(error, "ABORTED"));
    assertEquals(undone, [0]);
    // The deferred undos of the others run when they settle.
    gate.resolve();
    await drain();
    assertEquals(undone, [0, 1, 2]);
  });

  it("include the timeout of a step, but not that of the pipeline", async () => {
    const time = fakeTime();
    const slow = step({ name: "slow", timeout: 100, run: (_ctx: { item: number }) => never() });
    const each = map("out", () => [0, 1], slow, {
      as: "item",
      concurrency: 1,
      onFailure: "collect",
    });
    const patient = pipeline({ name: "p", timeout: 1_000, steps: [each] }).run();
    await time.tickAsync(100);
    await time.tickAsync(100);
    const { out } = dataOf(await patient);
    assertEquals(out.map((one) => "error" in one && isRunsheetError(one.error, "TIMEOUT")), [
      true,
      true,
    ]);
    const hurried = pipeline({ name: "p", timeout: 150, steps: [each] }).run();
    await time.tickAsync(100);
    await time.tickAsync(50);
    const { error } = failureOf(await hurried);
    assert(isRunsheetError(error, "TIMEOUT") && error.timeoutMs === 150);
  });

  it("are in the type of the results of map, and only then", () => {
    const each = step({ name: "each", run: ({ n }: { n: number }) => ({ m: `${n}` }) });
    const items = (ctx: { ns: number[] }) => ctx.ns;
    type Needs = { ns: number[] };
    const plain = map("out", items, each, { as: "n" });
    assertType<IsExact<typeof plain, Step<"map(out)", Needs, { out: { m: `${number}` }[] }>>>(true);
    const collected = map("out", items, each, { as: "n", onFailure: "collect" });
    type Out = { out: ({ m: `${number}` } | ItemFailure<number>)[] };
    assertType<IsExact<typeof collected, Step<"map(out)", Needs, Out>>>(true);
    const called = map("out", items, (n, ctx) => Promise.resolve(ctx.ns.length > n));
    assertType<IsExact<typeof called, Step<"map(out)", Needs, { out: boolean[] }>>>(true);
  });

  it("do not make map need the keys of its items", () => {
    const each = step({ name: "each", run: (_ctx: { email: string; from: string }) => {} });
    const spread = map("out", () => [{ email: "a", age: 1 }], each);
    assertType<IsExact<Parameters<typeof spread.run>[0], { from: string }>>(true);
    const values = map("out", () => new Map([[1, { email: "a" }]]), each);
    assertType<IsExact<Parameters<typeof values.run>[0], { from: string }>>(true);
  });
});

describe("several failures with onFailure 'settle'", () => {
  it("are in the order of the items, once all have finished and are undone", async () => {
    const undone: number[] = [];
    const errors = [new Error("1"), new Error("3")];
    const each = step({
      name: "each",
      run: async ({ item }: { item: number }) => {
        if (item === 1) await drain();
        if (item % 2 === 1) throw errors[(item - 1) / 2];
      },
      rollback: ({ item }) => undone.push(item),
    });
    const { error, failedStep } = await failing(
      map("out", () => [0, 1, 2, 3, 4], each, { as: "item", onFailure: "settle" }),
    );
    assertInstanceOf(error, AggregateError);
    assertEquals(error.errors, errors);
    assertEquals(failedStep, "map(out)");
    assertEquals(undone, [4, 2, 0]);
  });
});

const makers = {
  ...combinators,
  distribute: (_items: unknown, each: () => unknown, options = {}) => distributed(each, options),
};
for (const [name, make] of Object.entries(makers)) {
  describe(`the options of ${name}`, () => {
    const called = `${name.split(" ")[0]}(out)`;
    for (const concurrency of [0, -1, 1.5, NaN, "2", null]) {
      it(`refuse a concurrency of ${JSON.stringify(concurrency)}`, () => {
        const create = () => make(() => [], () => {}, { concurrency: concurrency as never });
        const shown = typeof concurrency === "string" ? `"${concurrency}"` : concurrency;
        assertEquals(
          assertThrows(create, ConfigError).message,
          `Cannot create ${called} as 'concurrency' must be a positive integer: current value is ${shown}`,
        );
      });
    }

    it("refuse an unknown policy", () => {
      const create = () => make(() => [], () => {}, { onFailure: "ignore" as never });
      const known = name === "filter" ? "abort, settle" : "abort, settle, collect";
      assertEquals(
        assertThrows(create, ConfigError).message,
        `Cannot create ${called} as 'onFailure' must be among ${known}: current value is "ignore"`,
      );
    });

    it("refuse an unknown option", () => {
      const create = () => make(() => [], () => {}, { limit: 5 } as never);
      const more = name.startsWith("map") ? ", as" : "";
      assertEquals(
        assertThrows(create, ConfigError).message,
        `Cannot create ${called} as its options must be among concurrency, onFailure, undoConcurrency${more}: ` +
          `current value is "limit"`,
      );
    });

    it("may be empty", () => {
      make(() => [], () => {}, { concurrency: undefined, onFailure: undefined });
      make(() => [], () => {}, { concurrency: Infinity });
    });
  });
}

describe("the arguments of map", () => {
  const wrong: Record<string, [() => unknown, string]> = {
    "an empty key": [
      () => map("", () => [1], (n) => n),
      `Cannot create a map() as 'name' must be a string that is not empty: current value is ""`,
    ],
    "items that are not a function": [
      () => map("out", [1] as never, (n) => n),
      "Cannot create map(out) as 'items' must be a function: current value is an array of 1",
    ],
    "a list in place of a function or a step": [
      () => map("out", () => [1], {} as never),
      "Cannot create map(out) as 'each' must be a function: current value is an object with keys []",
    ],
    "an 'as' that is not a key": [
      () => map("out", () => [1], failAsync, { as: 5 as never }),
      "Cannot create map(out) as 'as' must be a string that is not empty: current value is 5",
    ],
    "an 'as' beside a function": [
      () => map("out", () => [1], (n) => n, { as: "n" as never }),
      `Cannot create map(out) as 'as' must stand beside a step: current value is "n"`,
    ],
    "an empty 'as'": [
      () => map("out", () => [1], failAsync, { as: "" }),
      `Cannot create map(out) as 'as' must be a string that is not empty: current value is ""`,
    ],
  };
  for (const [what, [create, message]] of Object.entries(wrong)) {
    it(`refuse ${what}`, () => {
      assertEquals(assertThrows(create, ConfigError).message, message);
    });
  }
});
