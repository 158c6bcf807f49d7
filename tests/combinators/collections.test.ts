// Common behaviour of map, filter, flatMap and distribute: how many items run at once, and how an
// interrupted run ends.
import { before, describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { distribute, filter, isRunsheetError, map, pipeline, step, when } from "@runsheet/runsheet";
import {
  combinators,
  failing,
  Flights,
  Numbers,
  sources,
  thrownIn,
} from "../support/collections.ts";
import { deferred, drain } from "../support/deferred.ts";
import { cleanups } from "../support/cleanup.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { spawnScript } from "../support/spawn.ts";
import { boom, failAsync } from "../support/steps.ts";

for (const [name, make] of Object.entries(combinators)) {
  describe(`the items of ${name}`, () => {
    const { fakeTime } = cleanups();

    it("all start at once without a limit", async () => {
      const gate = deferred();
      const flights = new Flights();
      const running = make(() => new Numbers(50).sync(), () => flights.fly(gate.promise))
        .run({});
      await drain();
      assertEquals(flights.now, 50);
      gate.resolve();
      dataOf(await running);
    });

    it("all start even if the first one fails at once", async () => {
      const flights = new Flights();
      const each = (item: unknown) => item === 0 ? Promise.reject(boom) : flights.fly();
      const { error } = await failing(make(() => [0, 1, 2], each));
      assertStrictEquals(thrownIn(error), boom);
      assertEquals(flights.started, 2);
    });

    for (const [kind, numbersOf] of Object.entries(sources)) {
      it(`of ${kind} are asked for only when there is room for them`, async () => {
        const numbers = new Numbers(5);
        const gates = [0, 1, 2, 3, 4].map(() => deferred());
        const flights = new Flights();
        const running = make(
          () => numbersOf(numbers),
          (item) => flights.fly(gates[item as number]?.promise),
          { concurrency: 2 },
        ).run({});
        const progress: unknown[] = [];
        for (const finished of [1, 0, 2, 4, 3]) {
          await drain();
          progress.push([numbers.pulls, flights.started, flights.now]);
          gates[finished]?.resolve();
        }
        dataOf(await running);
        assertEquals(progress, [[2, 2, 2], [3, 3, 2], [4, 4, 2], [5, 5, 2], [5, 5, 1]]);
      });

      it(`of ${kind} do not start after a failure, and it is closed`, async () => {
        const numbers = new Numbers(1_000);
        const flights = new Flights();
        const each = (item: unknown) => flights.fly(item === 3 ? Promise.reject(boom) : undefined);
        const one = make(() => numbersOf(numbers), each, { concurrency: 1 });
        assertStrictEquals(thrownIn((await failing(one)).error), boom);
        assertEquals(flights.started, 4);
        assert(numbers.closed);
        assert(numbers.pulls <= 5, `${numbers.pulls} pulls`);
      });

      it(`of ${kind} do not start after the caller's abort, and it is closed`, async () => {
        const numbers = new Numbers(1_000);
        const started: unknown[] = [];
        const undone: unknown[] = [];
        const gate = deferred();
        const controller = new AbortController();
        const stopping = make(() => numbersOf(numbers), (item, { defer }) => {
          started.push(item);
          defer(() => undone.push(item));
          if (item !== 3) return;
          controller.abort("enough");
          return gate.promise;
        }, { concurrency: 1 });
        const p = pipeline({ name: "p", steps: [stopping] });
        const { error, rollback } = failureOf(await p.run({}, { signal: controller.signal }));
        assert(isRunsheetError(error, "ABORTED"));
        assertEquals(error.cause, "enough");
        assertEquals(started, [0, 1, 2, 3]);
        // The fourth was given up, and its deferred undos run when it has settled.
        assertEquals([rollback.completed.length, undone], [3, [2, 1, 0]]);
        assertEquals(rollback.failed, []);
        gate.resolve();
        await drain();
        assertEquals(undone, [2, 1, 0, 3]);
        assert(numbers.closed);
      });
    }

    it("do not start after the pipeline's timeout, and those in flight are given up", async () => {
      const time = fakeTime();
      const flights = new Flights();
      const undone: unknown[] = [];
      const gate = deferred();
      const each = make(
        () => new Numbers(10).async(),
        (item, { defer }) => {
          defer(() => undone.push(item));
          return flights.fly(item === 2 ? gate.promise : undefined);
        },
        { concurrency: 1 },
      );
      const running = pipeline({ name: "p", timeout: 1_000, steps: [each] }).run();
      await time.tickAsync(1_000);
      const { error, rollback } = failureOf(await running);
      assert(isRunsheetError(error, "TIMEOUT"));
      assertEquals(flights.started, 3);
      assertEquals([rollback.completed.length, undone], [2, [1, 0]]);
      gate.resolve();
      await drain();
      assertEquals(undone, [1, 0, 2]);
    });

    it("finish when one fails, and the rest start, with onFailure 'settle'", async () => {
      const flights = new Flights();
      const settling = make(() => [0, 1, 2, 3], (item, { signal, defer }) => {
        if (item === 0) throw boom;
        defer(() => {});
        assertEquals(signal.aborted, false);
        return flights.fly();
      }, { concurrency: 1, onFailure: "settle" });
      const { error, rollback } = await failing(settling);
      assertEquals(flights.started, 3);
      assertStrictEquals(thrownIn(error), boom);
      assertEquals(rollback.completed.length, 4);
    });

    it("are aborted when one fails, and awaited", async () => {
      const gate = deferred();
      const told: unknown[] = [];
      let settled = false;
      const waiting = failing(make(() => [0, 1], async (item, { signal }) => {
        if (item === 1) throw boom;
        signal.addEventListener("abort", () => told.push((signal.reason as Error).cause));
        await gate.promise;
      })).finally(() => {
        settled = true;
      });
      await drain();
      assertEquals(told.length, 1);
      assertEquals(settled, false);
      gate.resolve();
      await waiting;
    });
  });
}

const MANY = 100_000;
const FEWER = 20_000;
const atMostTen = { results: FEWER, pulls: FEWER, started: FEWER, most: 10, now: 0 };

/** The counts of a process that ran a number of items in each of these ways. */
async function counted(
  name: string,
  ways: Record<string, number>,
): Promise<Record<string, Record<string, unknown>>> {
  const { code, stdout, stderr } = await spawnScript("many_items", [name, JSON.stringify(ways)]);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

for (const name of Object.keys(combinators)) {
  describe(`many items of ${name}`, () => {
    const kinds = Object.keys(sources);
    const limited = Object.fromEntries(kinds.map((kind) => [kind, FEWER]));
    let counts: Awaited<ReturnType<typeof counted>>;
    before(async () => {
      counts = await counted(name, { ...limited, "all at once": MANY, undone: MANY });
    });

    it("are run once each, all 100,000 at once without a limit", () => {
      const { most, ...once } = counts["all at once"]!;
      assertEquals(once, { results: MANY, pulls: MANY, started: MANY, now: 0 });
      assert((most as number) > MANY / 2, `${most} at once`);
    });

    for (const kind of kinds) {
      it(`of ${kind} are at most 10 in flight with a limit of 10`, () =>
        assertEquals(counts[kind], atMostTen));
    }

    it("are all 100,000 undone in reverse, in a branch of a group as well", () => {
      const undone = { undone: MANY, inReverse: true, completed: MANY, failed: 0 };
      assertEquals(counts.undone, undone);
    });
  });
}

describe("many items of distribute", () => {
  it("are at most 10 in flight with a limit of 10", async () => {
    assertEquals(await counted("distribute", { "a list": FEWER }), { "a list": atMostTen });
  });
});

// Design, section 9.
describe("unlike the originals", () => {
  it("distribute does not give [] for a mistyped key (TypeScript)", async () => {
    const each = step({ name: "each", run: (_ctx: { item: string }) => {} });
    const result = await distribute("out", { itmes: "item" }, each).run({ items: [] } as never);
    assert(isRunsheetError(failureOf(result).error, "REQUIRES_VALIDATION"));
  });

  it("distribute(when(...)) undoes no item that was skipped (TypeScript)", async () => {
    const undone: number[] = [];
    const each = step({
      name: "each",
      run: (_ctx: { item: number }) => {},
      rollback: ({ item }) => undone.push(item),
    });
    const odd = distribute("out", { items: "item" }, when(({ item }) => item % 2 === 1, each));
    const p = pipeline({ name: "p", steps: [odd, failAsync] });
    const { rollback } = failureOf(await p.run({ items: [0, 1, 2, 3] }));
    assertEquals(undone, [3, 1]);
    assertEquals(rollback.completed, [
      "distribute(out)[3]/when(each)/each",
      "distribute(out)[1]/when(each)/each",
    ]);
  });

  it("distribute over a pipeline undoes every item, not only the last (Python)", async () => {
    const undone: number[] = [];
    const each = step({
      name: "each",
      run: (_ctx: { item: number }) => {},
      rollback: ({ item }) => undone.push(item),
    });
    const inner = pipeline({ name: "inner", steps: [each] });
    const p = pipeline({
      name: "p",
      steps: [distribute("out", { items: "item" }, inner), failAsync],
    });
    const { rollback } = failureOf(await p.run({ items: [0, 1, 2] }));
    assertEquals(undone, [2, 1, 0]);
    assertEquals(rollback.completed[0], "distribute(out)[2]/inner/each");
  });

  it("each undo gets its own item, whichever items failed (Python)", async () => {
    const undone: unknown[] = [];
    const each = step({
      name: "each",
      run: ({ item }: { item: number }) => {
        if (item % 3 === 1) throw new Error(`no ${item}`);
        return { double: item * 2 };
      },
      rollback: ({ item }, { double }) => undone.push([item, double]),
    });
    const settling = distribute("out", { items: "item" }, each, { onFailure: "settle" });
    failureOf(await settling.run({ items: [0, 1, 2, 3, 4, 5] }));
    assertEquals(undone, [[5, 10], [3, 6], [2, 4], [0, 0]]);
  });

  it("an undo that fails when only some items succeeded is reported (Python)", async () => {
    const stuck = new Error("stuck");
    const each = step({
      name: "each",
      run: ({ item }: { item: number }) => {
        if (item === 1) throw boom;
      },
      rollback: ({ item }) => {
        if (item === 0) throw stuck;
      },
    });
    const group = distribute("out", { items: "item" }, each);
    const { error, rollback } = failureOf(await group.run({ items: [0, 1, 2] }));
    assertStrictEquals(error, boom);
    assertEquals(rollback, {
      completed: ["distribute(out)[2]/each"],
      failed: [{ step: "distribute(out)[0]/each", error: stuck }],
    });
  });

  it("concurrent runs of one pipeline do not undo each other's items (Python)", async () => {
    const undone: string[] = [];
    const each = step({
      name: "each",
      run: async ({ run, item }: { run: string; item: number }) => {
        await Promise.resolve();
        if (run === "b" && item === 2) throw boom;
      },
      rollback: ({ run, item }) => undone.push(`${run}${item}`),
    });
    const p = pipeline({ name: "p", steps: [map("out", () => [0, 1, 2], each, { as: "item" })] });
    const [a, b] = await Promise.all([p.run({ run: "a" }), p.run({ run: "b" })]);
    dataOf(a);
    failureOf(b);
    assertEquals(undone, ["b1", "b0"]);
  });

  it("a filter that is skipped is not among the steps executed (Python)", async () => {
    const odd = filter("odd", () => [1, 2], (n) => n % 2 === 1);
    const result = await pipeline({ name: "p", steps: [when(() => false, odd)] }).run();
    assertEquals(dataOf(result), {});
    assertEquals(result.meta.stepsExecuted, []);
  });
});
