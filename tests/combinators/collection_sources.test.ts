// The sources of the items of map, filter and flatMap, and how a source is closed when it is no
// longer needed.
import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  type Collection,
  isRunsheetError,
  pipeline,
  RequiresValidationError,
} from "@runsheet/runsheet";
import { failing, functionForms, Numbers, sources, thrownIn } from "../support/collections.ts";
import { deferred, drain, never } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, thrower } from "../support/steps.ts";

for (const [name, make] of Object.entries(functionForms)) {
  describe(`the collection of ${name}`, () => {
    const kinds: Record<string, () => unknown> = {
      "an array": () => ["a", "b"],
      "an array with an iterator of its own": () =>
        Object.assign(["c"], {
          *[Symbol.iterator]() {
            yield* ["a", "b"];
          },
        }),
      "a Set": () => new Set(["a", "b"]),
      "a Map, whose values count": () => new Map([[1, "a"], [2, "b"]]),
      "a generator": function* () {
        yield* ["a", "b"];
      },
      "an async generator": async function* () {
        yield* await Promise.resolve(["a", "b"]);
      },
      "an async iterable": () => ({
        [Symbol.asyncIterator]: () => {
          const left = ["a", "b"];
          return {
            next: () => Promise.resolve({ done: left.length === 0, value: left.shift() }),
          };
        },
      }),
      "a promise of an array": () => Promise.resolve(["a", "b"]),
      "a promise of a Map": () => Promise.resolve(new Map([[1, "a"], [2, "b"]])),
    };
    for (const [kind, items] of Object.entries(kinds)) {
      it(`may be ${kind}`, async () => {
        const given: unknown[] = [];
        const each = (item: unknown) => void given.push(item);
        const data = dataOf(await make(items as () => Collection<unknown>, each).run({}));
        assertEquals(given, ["a", "b"]);
        assertEquals(data, { out: ["a", "b"] });
      });
    }

    it("may be an array to which items are added while it is read", async () => {
      const given = ["a"];
      const each = (item: unknown) => {
        if (given.length < 3) given.push(`${item}a`);
      };
      dataOf(await make(() => given, each).run({}));
      assertEquals(given, ["a", "aa", "aaa"]);
    });

    it("gives no more items after one of an array that cannot be read", async () => {
      const items = Object.defineProperty(["a", "b", "c"], 1, { get: thrower });
      const given: unknown[] = [];
      const each = (item: unknown) => void given.push(item);
      assertStrictEquals((await failing(make(() => items, each))).error, boom);
      assertEquals(given, ["a"]);
    });

    const nothing: Record<string, () => unknown> = {
      "array": () => [],
      "Set": () => new Set(),
      "Map": () => new Map(),
      "generator": function* () {},
      "async generator": async function* () {},
      "promised array": () => Promise.resolve([]),
    };
    for (const [kind, items] of Object.entries(nothing)) {
      it(`returns an empty list for an empty ${kind}`, async () => {
        const none = make(items as () => Collection<unknown>, thrower);
        const result = await pipeline({ name: "p", steps: [none] }).run();
        assertEquals(dataOf(result), { out: [] });
        assertEquals(result.meta.stepsExecuted, [`${name}(out)`]);
      });
    }

    const wrong: [unknown, string][] = [
      ["abc", '"abc"'],
      [null, "null"],
      [undefined, "undefined"],
      [42, "42"],
      [{ a: 1 }, "an object with keys [a]"],
      [Promise.resolve(undefined), "undefined"],
    ];
    for (const [value, shown] of wrong) {
      const what = value instanceof Promise ? "a promise of undefined" : shown;
      it(`is refused when it is ${what}, in a message that names the key`, async () => {
        const { error, failedStep, rollback } = await failing(make(() => value as never, thrower));
        assertInstanceOf(error, RequiresValidationError);
        assertEquals(
          error.message,
          `Cannot run '${name}(out)' as its collection must be an array or something else that ` +
            `can be iterated: current value is ${shown}`,
        );
        assertEquals(failedStep, `${name}(out)`);
        assertEquals(rollback, { completed: ["first"], failed: [] });
      });
    }

    const throwing: Record<string, () => unknown> = {
      "the function throws": thrower,
      "the function rejects": () => Promise.reject(boom),
      "the iterator cannot be made": () => ({ [Symbol.iterator]: thrower }),
      "the async iterator cannot be made": () => ({ [Symbol.asyncIterator]: thrower }),
    };
    for (const [how, items] of Object.entries(throwing)) {
      it(`fails with the user's own error when ${how}`, async () => {
        const { error, failedStep, rollback } = await failing(
          make(items as () => Collection<unknown>, () => {}),
        );
        assertStrictEquals(error, boom);
        assertEquals(failedStep, `${name}(out)`);
        assertEquals(rollback.completed, ["first"]);
      });
    }

    for (const [kind, numbersOf] of Object.entries(sources)) {
      it(`undoes what ran when ${kind} throws in the middle`, async () => {
        const undone: unknown[] = [];
        const items = () => numbersOf(new Numbers(3, thrower));
        const each = make(items, (item, { defer }) => defer(() => undone.push(item)));
        const { error, failedStep, rollback } = await failing(each);
        assertStrictEquals(error, boom);
        assertEquals(failedStep, `${name}(out)`);
        assertEquals(undone, [2, 1, 0]);
        const paths = [2, 1, 0].map((index) => `${name}(out)[${index}] (deferred)`);
        assertEquals(rollback, { completed: [...paths, "first"], failed: [] });
      });
    }

    it("aborts the items in flight when it throws", async () => {
      const reasons: unknown[] = [];
      const each = make(
        () => new Numbers(1, thrower).async(),
        (_item, { signal }) =>
          new Promise<void>((resolve) =>
            signal.addEventListener("abort", () => {
              reasons.push((signal.reason as Error).cause);
              resolve();
            })
          ),
      );
      assertStrictEquals((await failing(each)).error, boom);
      assertEquals(reasons, [boom]);
    });
  });
}

/** An async iterable written by hand: the results of `next`, and whether it was closed. */
function byHand(next: () => Promise<IteratorResult<unknown>>, close: () => unknown = () => {}) {
  const seen = { pulls: 0, closed: 0 };
  const iterable = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        seen.pulls++;
        return next();
      },
      return: async () => {
        seen.closed++;
        await close();
        return { done: true as const, value: undefined };
      },
    }),
  };
  return { iterable, seen };
}

for (const [name, make] of Object.entries(functionForms)) {
  describe(`the iterator of ${name}`, () => {
    it("is not closed when it has ended by itself", async () => {
      const left = [{ done: false, value: 1 }, { done: true, value: undefined }];
      const { iterable, seen } = byHand(() => Promise.resolve(left.shift() as never));
      dataOf(await make(() => iterable, () => {}).run({}));
      assertEquals(seen, { pulls: 2, closed: 0 });
    });

    it("is closed once when an item fails", async () => {
      const { iterable, seen } = byHand(() => Promise.resolve({ value: 1 }));
      const one = make(() => iterable, thrower, { concurrency: 1 });
      assertStrictEquals(thrownIn((await failing(one)).error), boom);
      assertEquals(seen, { pulls: 1, closed: 1 });
    });

    it("is not waited for when its end hangs", async () => {
      const { iterable, seen } = byHand(() => Promise.resolve({ value: 1 }), never);
      const one = make(() => iterable, thrower, { concurrency: 1 });
      assertStrictEquals(thrownIn((await failing(one)).error), boom);
      assertEquals(seen.closed, 1);
    });

    it("does not change the outcome when its end fails", async () => {
      const end = () => Promise.reject(new Error("cannot close"));
      const { iterable, seen } = byHand(() => Promise.resolve({ value: 1 }), end);
      const one = make(() => iterable, thrower, { concurrency: 1 });
      assertStrictEquals(thrownIn((await failing(one)).error), boom);
      await drain();
      assertEquals(seen.closed, 1);
    });

    it("is not waited for, but closed, when it hangs while an item fails", async () => {
      const gate = deferred();
      const gives = [Promise.resolve({ value: 1 }), never() as Promise<never>];
      const { iterable, seen } = byHand(() => gives.shift()!);
      const running = failing(make(() => iterable, () => gate.promise));
      await drain();
      assertEquals(seen, { pulls: 2, closed: 0 });
      gate.reject(boom);
      assertStrictEquals(thrownIn((await running).error), boom);
      await drain();
      assertEquals(seen, { pulls: 2, closed: 1 });
    });

    it("is not waited for, but closed, when it hangs while the caller aborts", async () => {
      const controller = new AbortController();
      const { iterable, seen } = byHand(never as () => Promise<never>);
      const p = pipeline({ name: "p", steps: [make(() => iterable, () => {})] });
      const running = p.run({}, { signal: controller.signal });
      await drain();
      controller.abort();
      assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
      await drain();
      assertEquals(seen, { pulls: 1, closed: 1 });
    });

    it("is closed without being read when the run is aborted while the collection is awaited", async () => {
      const controller = new AbortController();
      const { iterable, seen } = byHand(() => Promise.resolve({ value: 1 }));
      const gate = deferred<typeof iterable>();
      const p = pipeline({ name: "p", steps: [make(() => gate.promise as never, thrower)] });
      const running = p.run({}, { signal: controller.signal });
      await drain();
      controller.abort();
      assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
      gate.resolve(iterable);
      await drain();
      assertEquals(seen, { pulls: 0, closed: 1 });
    });

    it("is closed when the host cancels the run", async () => {
      const { iterable, seen } = byHand(() => Promise.resolve({ value: 1 }));
      const suspended = new Error("suspended");
      const host = {
        perform: () => Promise.reject(suspended),
        sleep: () => Promise.reject(suspended),
      };
      const running = make(() => iterable, () => {}, { concurrency: 1 }).run({}, { host });
      assertStrictEquals(await running.catch((reason) => reason), suspended);
      await drain();
      assertEquals(seen.closed, 1);
    });
  });
}
