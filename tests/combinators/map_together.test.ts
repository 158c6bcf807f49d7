// The items of an array, without a limit, whose function takes no info: they are awaited together.
import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { filter, flatMap, map, pipeline, type Result } from "@runsheet/runsheet";
import { observe } from "@runsheet/runsheet/observe";
import { deferred, drain } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";

/** A query that runs each time its `then` is called, as those of some query builders do. */
function lazy<T>(run: () => Promise<T>): PromiseLike<T> {
  return { then: (ok, ko) => run().then(ok, ko) };
}

const mapped = (call: (item: number) => unknown, count = 3) =>
  pipeline({
    name: "p",
    steps: [map("out", () => Array.from({ length: count }, (_, n) => n), call)],
  });

describe("items that are awaited together", () => {
  it("give their results in order, whatever they are and whenever they end", async () => {
    const gate = deferred<string>();
    const calls = [() => gate.promise, () => 1, () => lazy(() => Promise.resolve("lazy"))];
    const running = mapped((n) => calls[n]!()).run();
    await drain();
    gate.resolve("last");
    assertEquals(dataOf(await running).out, ["last", 1, "lazy"]);
  });

  it("run a lazy query once, also if another item fails", async () => {
    let queries = 0;
    const p = mapped(async (n) => {
      if (n === 1) throw new Error("no");
      return await lazy(() => Promise.resolve(++queries));
    });
    assertEquals(failureOf(await p.run()).error.message, "no");
    const direct = mapped((n) =>
      n === 1 ? Promise.reject(new Error("no")) : lazy(() => Promise.resolve(++queries))
    );
    assertEquals(failureOf(await direct.run()).error.message, "no");
    assertEquals(queries, 4);
  });

  it("are all waited for after one has failed, and every failure is told", async () => {
    const gate = deferred<void>();
    const ended: number[] = [];
    const p = mapped(async (n) => {
      if (n === 0) throw new Error("first");
      await gate.promise;
      ended.push(n);
      if (n === 2) throw new Error("second");
    });
    let result: Result<object> | undefined;
    const running = p.run().then((given) => result = given);
    await drain();
    assertEquals(result, undefined);
    gate.resolve();
    const { error } = failureOf(await running);
    assertEquals(ended, [1, 2]);
    assertInstanceOf(error, AggregateError);
    assertEquals(error.errors.map(({ message }) => message), ["first", "second"]);
  });

  it("fail synchronously, too, without keeping the others from starting", async () => {
    const started: number[] = [];
    const p = mapped((n) => {
      started.push(n);
      if (n === 0) throw new Error("at once");
      return Promise.resolve(n);
    });
    const { error, failedStep } = failureOf(await p.run());
    assertEquals([error.message, failedStep, started], ["at once", "map(out)[0]", [0, 1, 2]]);
  });

  it("ignore a 'then' that a promise has of its own, as an await does", async () => {
    const p = mapped((n) => Object.assign(Promise.resolve(n), n === 1 && { then: () => {} }));
    assertEquals(dataOf(await p.run()).out, [0, 1, 2]);
  });

  it("include those that are added to the array while they start", async () => {
    const items = [1];
    const p = pipeline({
      name: "p",
      steps: [
        map(
          "out",
          () => items,
          async (n) => await Promise.resolve(items.length < 3 ? items.push(n) : n),
        ),
      ],
    });
    assertEquals(dataOf(await p.run()).out, [2, 3, 1]);
  });

  it("are those of filter and flatMap, too", async () => {
    const items = () => [1, 2, 3];
    const p = pipeline({
      name: "p",
      steps: [
        filter("odd", items, async (n) => await Promise.resolve(n % 2 === 1)),
        flatMap("twice", items, async (n) => await Promise.resolve([n, n])),
      ],
    });
    assertEquals(dataOf(await p.run()), { odd: [1, 3], twice: [1, 1, 2, 2, 3, 3] });
  });

  it("have the same result as those that an observer watches one by one", async () => {
    for (const failing of [-1, 0, 2]) {
      const p = mapped(async (n) => {
        for (let tick = 0; tick < n; tick++) await undefined;
        if (n === failing) throw new Error(`item ${n}`);
        return n;
      });
      let spans = 0;
      const plain = await p.run();
      const watched = await p.run({}, { observer: observe(() => void spans++) });
      assert(spans > 3);
      assertEquals(
        JSON.stringify([plain.success, plain.data, plain.error]),
        JSON.stringify([watched.success, watched.data, watched.error]),
      );
    }
  });
});
