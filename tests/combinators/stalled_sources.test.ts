// How a collection that is slow or late ends with its group.
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import {
  AbortedError,
  type AnyStep,
  type Collection,
  type Host,
  isRunsheetError,
  map,
  type Middleware,
  parallel,
  pipeline,
  step,
} from "@runsheet/runsheet";
import { deferred, drain, never } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";

const boom = new Error("boom");
const gone = new Error("gone");

/** A source that yields one item and then nothing, forever. */
interface Stalled {
  readonly items: Collection<unknown>;
  /** Whether it was stopped, and with which reason. */
  readonly stopped: () => { readonly reason?: unknown } | undefined;
}

const stalled: Record<string, () => Stalled> = {
  "a web stream": () => {
    let stopped: { reason: unknown } | undefined;
    const items = new ReadableStream({
      start: (controller) => controller.enqueue("first"),
      cancel: (reason) => void (stopped = { reason }),
    });
    return { items, stopped: () => stopped };
  },
  "a Node stream": () => {
    const items = new Readable({ objectMode: true, read() {} });
    items.push("first");
    return { items, stopped: () => items.destroyed ? {} : undefined };
  },
  "an iterator": () => {
    let stopped: object | undefined;
    const left = [Promise.resolve({ value: "first" }), never() as Promise<never>];
    const iterator = {
      next: () => left.shift()!,
      return: () => {
        stopped = {};
        return Promise.resolve({ done: true as const, value: undefined });
      },
    };
    return { items: { [Symbol.asyncIterator]: () => iterator }, stopped: () => stopped };
  },
};

for (const [kind, make] of Object.entries(stalled)) {
  describe(`${kind} that is stalled`, () => {
    it("is stopped, and not awaited, when the run is aborted", async () => {
      const { items, stopped } = make();
      const aborter = new AbortController();
      const running = map("out", () => items, (item) => item).run({}, { signal: aborter.signal });
      await drain();
      assertEquals(stopped(), undefined);
      aborter.abort(gone);
      const { error } = failureOf(await running);
      assert(isRunsheetError(error, "ABORTED"));
      await drain();
      const told = stopped();
      assert(told, "it was not stopped");
      if ("reason" in told) assertStrictEquals(told.reason, gone);
    });

    it("is stopped, and not awaited, when an item fails", async () => {
      const { items, stopped } = make();
      const gate = deferred();
      const running = map("out", () => items, () => gate.promise).run({});
      await drain();
      gate.reject(boom);
      assertStrictEquals(failureOf(await running).error, boom);
      await drain();
      const told = stopped();
      assert(told, "it was not stopped");
      if (!("reason" in told)) return;
      assert(told.reason instanceof AbortedError);
      assertStrictEquals(told.reason.cause, boom);
    });

    it("is stopped when the run times out", async () => {
      const { items, stopped } = make();
      const steps = [map("out", () => items, (item) => item)];
      const { error } = failureOf(await pipeline({ name: "p", timeout: 5, steps }).run());
      assert(isRunsheetError(error, "TIMEOUT"));
      await drain();
      assert(stopped(), "it was not stopped");
    });

    for (const where of ["in it", "beside it"]) {
      it(`is stopped when the host suspends the run ${where}`, async () => {
        const { items, stopped } = make();
        const suspended = new Error("suspended");
        const gate = deferred();
        const host: Host = {
          perform: async (call, fn) => {
            if (!call.path.endsWith(where === "in it" ? "[0]" : "beside")) return await fn();
            await gate.promise;
            throw suspended;
          },
          sleep: never,
        };
        const over = map("out", () => items, (item) => item);
        const beside = step({ name: "beside", run: () => {} });
        const steps: AnyStep[] = where === "in it" ? [over] : [parallel(over, beside)];
        const running = pipeline({ name: "p", steps }).run({}, { host });
        await drain();
        assertEquals(stopped(), undefined);
        gate.resolve();
        assertStrictEquals(await running.catch((reason) => reason), suspended);
        await drain();
        assert(stopped(), "it was not stopped");
      });
    }

    it("is stopped even if it arrives after the abort", async () => {
      const { items, stopped } = make();
      const aborter = new AbortController();
      const gate = deferred<Collection<unknown>>();
      const given: unknown[] = [];
      const over = map("out", () => gate.promise, (item) => void given.push(item));
      const running = over.run({}, { signal: aborter.signal });
      await drain();
      aborter.abort(gone);
      assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
      gate.resolve(items);
      await drain();
      assert(stopped(), "it was not stopped");
      assertEquals(given, []);
    });
  });
}

describe("a stream that fails when it is closed", () => {
  const unclosable = {
    "a web stream": () =>
      new ReadableStream<unknown>({
        cancel: () => {
          throw new Error("cannot close");
        },
      }),
    "a Node stream": () =>
      new Readable({
        objectMode: true,
        read() {},
        destroy: (_error, done) => done(new Error("cannot close")),
      }),
  };
  for (const [kind, make] of Object.entries(unclosable)) {
    for (const when of ["in time", "after the abort"]) {
      it(`hides nothing, and leaves no error unhandled: ${kind} that comes ${when}`, async () => {
        const aborter = new AbortController();
        const given = deferred<Collection<unknown>>();
        const running = map("out", () => given.promise, (item) => item)
          .run({}, { signal: aborter.signal });
        if (when === "in time") given.resolve(make());
        await drain();
        aborter.abort(gone);
        const { error } = failureOf(await running);
        assert(isRunsheetError(error, "ABORTED"));
        assertStrictEquals(error.cause, gone);
        given.resolve(make());
        await drain();
      });
    }
  }
});

describe("a host that suspends the run", () => {
  it("does not abort the items that are in flight beside the one that it stops", async () => {
    const signals: AbortSignal[] = [];
    const host: Host = {
      perform: async (call, fn) => {
        if (!call.id.includes("[1]")) return await fn();
        await drain();
        throw gone;
      },
      sleep: never,
    };
    const over = map("out", () => [0, 1], (_n, _ctx, { signal }) => {
      signals.push(signal);
      return never();
    });
    assertStrictEquals(await over.run({}, { host }).catch((reason) => reason), gone);
    await drain();
    assertEquals(signals.map(({ aborted }) => aborted), [false]);
  });
});

describe("a web stream", () => {
  const numbers = (onCancel: (reason: unknown) => void = () => {}) => {
    let next = 0;
    return new ReadableStream<number>({
      pull: (controller) => next < 3 ? controller.enqueue(next++) : controller.close(),
      cancel: onCancel,
    });
  };

  it("yields its chunks one after the other, and is not locked afterwards", async () => {
    const items = numbers();
    assertEquals(dataOf(await map("out", () => items, (n) => n * 2).run({})), { out: [0, 2, 4] });
    assertFalse(items.locked);
  });

  it("is cancelled and not locked when the group ends first", async () => {
    const reasons: unknown[] = [];
    const items = numbers((reason) => reasons.push(reason));
    const each = map("out", () => items, () => Promise.reject(boom), { concurrency: 1 });
    assertStrictEquals(failureOf(await each.run({})).error, boom);
    await drain();
    assertEquals(reasons.map((reason) => (reason as Error).cause), [boom]);
    assertFalse(items.locked);
  });

  it("that fails fails the group, which undoes what ran", async () => {
    // workerd pulls at once.
    const undone: string[] = [];
    const items = new ReadableStream<string>({
      pull: (controller) => {
        if (undone.length === 0) controller.enqueue(`item ${undone.push("started")}`);
        else controller.error(boom);
      },
    });
    const each = map("out", () => items, (item, _ctx, { defer }) => {
      defer(() => undone.push(`undo ${item}`));
    });
    assertStrictEquals(failureOf(await each.run({})).error, boom);
    assertEquals(undone, ["started", "undo item 1"]);
  });
});

describe("a collection", () => {
  it("is not requested once the group around it has been aborted", async () => {
    let called = 0;
    const gate = deferred();
    const late: Middleware = (_step, next) => async (ctx) => {
      await gate.promise;
      return next(ctx);
    };
    const items = () => [called++];
    const over = pipeline({
      name: "over",
      steps: [map("out", items, (n) => n)],
      middleware: [late],
    });
    const failing = step({ name: "failing", run: () => Promise.reject(boom) });
    const running = pipeline({ name: "p", steps: [parallel(over, failing)] }).run();
    await drain();
    gate.resolve();
    assertStrictEquals(failureOf(await running).error, boom);
    assertEquals(called, 0);
  });
});

describe("a collection that can be iterated at once", () => {
  it("is not asked for another item once one has failed", async () => {
    let pulls = 0;
    const items = {
      [Symbol.iterator]: () => ({ next: () => ({ value: pulls++ }), return: () => ({ value: 0 }) }),
    };
    const each = map("out", () => items, () => Promise.reject(boom), { concurrency: 1 });
    assertStrictEquals(failureOf(await each.run({})).error, boom);
    assertEquals(pulls, 1);
  });
});

describe("onFailure: settle over an endless source", () => {
  async function run(end: "abort" | "timeout", each: (n: number) => unknown) {
    const aborter = new AbortController();
    let items = 0;
    const endless = async function* () {
      while (true) {
        yield items++;
        await drain();
        if (items === 5 && end === "abort") aborter.abort(gone);
      }
    };
    const steps = [map("out", endless, each, { concurrency: 1, onFailure: "settle" })];
    const p = pipeline({ name: "p", steps, ...(end === "timeout" && { timeout: 20 }) });
    const { error } = failureOf(await p.run({}, { signal: aborter.signal }));
    return error;
  }

  it("ends with the run's abort", async () => {
    assert(isRunsheetError(await run("abort", () => {}), "ABORTED"));
  });

  it("ends with the pipeline's timeout", async () => {
    assert(isRunsheetError(await run("timeout", () => {}), "TIMEOUT"));
  });

  it("then ends with the error of a failed item", async () => {
    assertStrictEquals(await run("abort", (n) => n === 2 ? Promise.reject(boom) : n), boom);
  });
});
