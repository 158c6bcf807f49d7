// The signal of the function that returns a collection, and the closing of collections.
import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type CollectionInfo,
  type Host,
  isRunsheetError,
  pipeline,
  step,
  typed,
} from "@runsheet/runsheet";
import { functionForms, thrownIn } from "../support/collections.ts";
import { deferred, drain, never } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";

const boom = new Error("boom");
const gone = new Error("gone");

describe("the function that returns a collection", () => {
  it("gets the context and a signal in the builder, too", async () => {
    const seen: unknown[] = [];
    const p = pipeline({ name: "p", argsSchema: typed<{ list: number[] }>() })
      .map("mapped", (ctx, info) => {
        assertType<IsExact<typeof info, CollectionInfo>>(true);
        seen.push(info.signal.aborted);
        return ctx.list;
      }, (n) => n)
      .filter("kept", (ctx, info) => {
        assertType<IsExact<typeof info, CollectionInfo>>(true);
        seen.push(info.signal.aborted);
        return ctx.mapped;
      }, () => true)
      .flatMap("flat", (ctx, info) => {
        assertType<IsExact<typeof info, CollectionInfo>>(true);
        seen.push(info.signal.aborted);
        return ctx.kept;
      }, (n) => [n])
      .build();
    assertEquals(dataOf(await p.run({ list: [1] })).flat, [1]);
    assertEquals(seen, [false, false, false]);
  });
});

for (const [name, make] of Object.entries(functionForms)) {
  describe(`the signal that the collection of ${name} gets`, () => {
    /** A collection that waits for its signal after one item, and records what it sees. */
    function waiting() {
      const seen: unknown[] = [];
      const items = async function* (_ctx: unknown, { signal }: CollectionInfo) {
        yield 0;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        seen.push(signal.reason);
      };
      return { items, seen };
    }

    it("aborts with the run, for the same reason", async () => {
      const { items, seen } = waiting();
      const aborter = new AbortController();
      const running = make(items, () => {}).run({}, { signal: aborter.signal });
      await drain();
      aborter.abort(gone);
      assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
      await drain();
      assertEquals(seen, [gone]);
    });

    it("aborts when an item fails", async () => {
      const { items, seen } = waiting();
      const failure = failureOf(await make(items, () => Promise.reject(boom)).run({}));
      assertStrictEquals(thrownIn(failure.error), boom);
      await drain();
      assertEquals(seen.map((reason) => (reason as Error).name), ["AbortedError"]);
    });

    it("aborts while the function itself is waiting", async () => {
      const aborter = new AbortController();
      const seen: unknown[] = [];
      const items = (_ctx: unknown, { signal }: CollectionInfo) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            seen.push(signal.reason);
            reject(signal.reason);
          });
        });
      const running = make(items, () => {}).run({}, { signal: aborter.signal });
      await drain();
      aborter.abort(gone);
      assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
      assertEquals(seen, [gone]);
    });

    it("no longer aborts once all items have been taken", async () => {
      const signals: AbortSignal[] = [];
      const aborter = new AbortController();
      const over = make((_ctx, info) => {
        signals.push({ ...info }.signal);
        return [0];
      }, () => {});
      const abort = step({ name: "abort", run: () => aborter.abort() });
      const p = pipeline({ name: "p", steps: [over, abort] });
      failureOf(await p.run({}, { signal: aborter.signal }));
      assertEquals(signals.map(({ aborted }) => aborted), [false]);
    });

    it("no longer aborts if an item fails or the host suspends after that", async () => {
      const signals: AbortSignal[] = [];
      const keep = (_ctx: unknown, { signal }: CollectionInfo) => {
        signals.push(signal);
        return [0];
      };
      const failing = async () => {
        await drain();
        throw boom;
      };
      failureOf(await make(keep, failing).run({}));
      const host: Host = {
        perform: (call, fn) => call.path === "next" ? Promise.reject(gone) : fn(),
        sleep: never,
      };
      const p = pipeline({
        name: "p",
        steps: [make(keep, () => {}), step({ name: "next", run() {} })],
      });
      assertStrictEquals(await p.run({}, { host }).catch((reason) => reason), gone);
      assertEquals(signals.map(({ aborted }) => aborted), [false, false]);
    });

    it("is not created unless it is read", async () => {
      const { AbortController } = globalThis;
      let made = 0;
      globalThis.AbortController = class extends AbortController {
        constructor() {
          super();
          made++;
        }
      };
      try {
        dataOf(await make(() => [0], () => {}).run({}));
      } finally {
        globalThis.AbortController = AbortController;
      }
      assertEquals(made, 0);
    });
  });

  describe(`a collection of ${name} that comes after the abort`, () => {
    /** The result of a run whose collection arrives after the abort. */
    async function late(give: (given: ReturnType<typeof deferred<unknown>>) => void) {
      const aborter = new AbortController();
      const given = deferred<unknown>();
      const over = make(() => given.promise as Promise<never>, () => {});
      const running = over.run({}, { signal: aborter.signal });
      await drain();
      aborter.abort();
      assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
      give(given);
      await drain();
    }

    it("is closed even when it is iterated at once", async () => {
      let closed = 0;
      const iterator = { next: () => ({ value: 1 }), return: () => ({ value: ++closed }) };
      await late(({ resolve }) => resolve({ [Symbol.iterator]: () => iterator }));
      assertEquals(closed, 1);
    });

    const harmless: Record<string, (given: ReturnType<typeof deferred<unknown>>) => void> = {
      "an array": ({ resolve }) => resolve([1]),
      "nothing that can be iterated": ({ resolve }) => resolve(42),
      "an error": ({ reject }) => reject(boom),
      "an iterable that cannot be opened": ({ resolve }) =>
        resolve({
          [Symbol.asyncIterator]: () => {
            throw boom;
          },
        }),
    };
    for (const [what, give] of Object.entries(harmless)) {
      it(`changes nothing, and leaves no error unhandled, when it is ${what}`, () => late(give));
    }
  });

  describe(`an iterator of ${name} that throws when it is closed`, () => {
    const endless = {
      [Symbol.iterator]: () => ({
        next: () => ({ value: 1 }),
        return: () => {
          throw new Error("cannot close");
        },
      }),
    };

    it("does not hide the error of an item", async () => {
      const each = () => Promise.reject(boom);
      const over = make(() => endless, each, { concurrency: 1 });
      const failure = failureOf(await over.run({}));
      assertStrictEquals(thrownIn(failure.error), boom);
      assertEquals(failure.failedStep, `${name}(out)[0]`);
    });

    it("does not hide the abort", async () => {
      const aborter = new AbortController();
      const each = async () => {
        await drain();
        aborter.abort(gone);
      };
      const over = make(() => endless, each, { concurrency: 1 });
      const { error } = failureOf(await over.run({}, { signal: aborter.signal }));
      assert(isRunsheetError(error, "ABORTED"), error.stack);
      assertStrictEquals(error.cause, gone);
    });
  });
}
