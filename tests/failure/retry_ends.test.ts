import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import type { FakeTime } from "@std/testing/time";
import { assertType, type IsExact } from "@std/testing/types";
import {
  isRunsheetError,
  permanent,
  pipeline,
  PredicateError,
  step,
  UnknownError,
} from "@runsheet/runsheet";
import { recorder } from "@runsheet/runsheet/testing";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";
import { errors, failing, waitsOf } from "../support/failing.ts";
import { dataOf, failureOf } from "../support/results.ts";

/** Advances the time from timer to timer until a run has settled. */
async function through<T>(time: FakeTime, running: Promise<T>): Promise<T> {
  let isOver = false;
  running.then(() => isOver = true);
  while (!isOver) await time.nextAsync();
  return await running;
}

describe("a delay that is a function", () => {
  const { fakeTime } = cleanups();

  it("is not shortened by a jitter: before an attempt of a step, of an undo and of a pipeline", async () => {
    const retry = (ms: number) => ({ count: 1, jitter: 1, delay: () => ms });
    const failOnce = (_ctx: unknown, { attempt }: { readonly attempt: number }) => {
      if (attempt === 1) throw errors[0];
    };
    let runs = 0;
    const steps = [
      step({
        name: "held",
        run: () => {},
        rollback: { run: (_ctx, _output, info) => failOnce(_ctx, info), retry: retry(3_000) },
      }),
      step({ name: "busy", retry: retry(1_000), run: failOnce }),
      step({ name: "down", run: () => failOnce(undefined, { attempt: ++runs }) }),
    ];
    const group = pipeline({ name: "group", retry: retry(2_000), steps });
    const host = recorder();
    dataOf(await group.run({}, { host }));
    assertEquals(host.waits.map(({ id, ms }) => [id, ms]), [
      ["busy@2!wait", 1_000],
      ["held!undo@2!wait", 3_000],
      ["@2!wait", 2_000],
      ["@2/busy@2!wait", 1_000],
    ]);
  });

  it("is the return value of a function that receives the errors and the attempt", async () => {
    const told: [errors: readonly Error[], attempt: number][] = [];
    const delay = (errors: readonly Error[], attempt: number) => {
      told.push([errors, attempt]);
      return 10 + attempt;
    };
    assertEquals(await waitsOf(fakeTime(), { delay }), [11, 12, 13, 14]);
    assertEquals(told.map(([errors, attempt]) => [errors.length, attempt]), [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    assertStrictEquals(told[0]?.[0][0], errors[0]);
  });

  it("is capped even when a function returns it, and it is Infinity", async () => {
    const delay = (_: readonly Error[], attempt: number) => attempt === 1 ? Infinity : 20;
    assertEquals(await waitsOf(fakeTime(), { delay, maxDelay: 50 }), [50, 20, 20, 20]);
  });

  it("ends the run when its function throws, with the original error beside it", async () => {
    let attempts = 0;
    const delay = () => {
      throw new RangeError("no header");
    };
    const failure = failureOf(await failing(5, { count: 5, delay }, () => attempts++).run({}));
    assertInstanceOf(failure.error, AggregateError);
    const [original, predicate] = failure.error.errors;
    assertStrictEquals(original, errors[0]);
    assertInstanceOf(predicate, PredicateError);
    const text = "Cannot retry 'failing' as its 'delay' threw: RangeError: no header";
    assertEquals([predicate.message, attempts], [text, 1]);
  });

  for (const wrong of [NaN, -1, "10"]) {
    it(`ends the run when its function returns ${wrong}`, async () => {
      const delay = () => wrong as number;
      const { error } = failureOf(await failing(5, { count: 5, delay }).run({}));
      assertInstanceOf(error, AggregateError);
      assertStringIncludes(error.message, "it must give a number of milliseconds from 0");
    });
  }
});

describe("a permanent error", () => {
  const { fakeTime } = cleanups();

  for (const retryIf of [undefined, () => true]) {
    it(`ends the retries ${retryIf ? "and is not asked about" : "at once"}`, async () => {
      let [attempts, asked] = [0, 0];
      const declined = Object.freeze(new RangeError("card declined"));
      const s = step({
        name: "s",
        retry: { count: 5, ...(retryIf && { retryIf: () => ++asked > 0 }) },
        run: (_ctx, { attempt }) => {
          attempts++;
          throw attempt === 2 ? permanent(declined) : errors[0];
        },
      });
      const { error } = failureOf(await s.run({}));
      assertStrictEquals(error, declined);
      assertEquals([attempts, asked], [2, retryIf ? 1 : 0]);
    });
  }

  it("is the same error, even when there is nothing to retry", () => {
    const error = new RangeError("no");
    assertStrictEquals(permanent(error), error);
    assertType<IsExact<ReturnType<typeof permanent<RangeError>>, RangeError>>(true);
    assertInstanceOf(permanent("no" as never), UnknownError);
  });

  it("is not looked for in errors that contain themselves", async () => {
    const circular = new AggregateError([]);
    circular.errors.push(circular);
    let attempts = 0;
    const s = step({
      name: "s",
      retry: { count: 1 },
      run: () => {
        attempts++;
        throw circular;
      },
    });
    const { error } = failureOf(await s.run({}));
    assertEquals([isRunsheetError(error, "RETRY_EXHAUSTED"), attempts], [true, 2]);
  });

  it("ends the retries of a handler, too", async () => {
    let attempts = 0;
    const s = step({
      name: "s",
      run: () => {},
      rollback: {
        retry: { count: 5 },
        run: () => {
          attempts++;
          throw permanent(new Error("nothing to refund"));
        },
      },
    });
    const last = step({ name: "last", run: () => Promise.reject(errors[0]) });
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [s, last] }).run());
    assertEquals(rollback.failed.map(({ error }) => error.message), ["nothing to refund"]);
    assertEquals(attempts, 1);
  });

  it("runs the undos that the attempt deferred, once", async () => {
    const undone: string[] = [];
    const s = step({
      name: "s",
      retry: { count: 5 },
      run: async (_ctx, { attempt, defer }) => {
        defer(() => undone.push(`undo ${attempt}`));
        await drain();
        throw permanent(new Error("no"));
      },
    });
    const { rollback } = failureOf(await s.run({}));
    assertEquals([undone, rollback.completed], [["undo 1"], ["s (deferred)"]]);
  });

  it("that comes in the grace period of an attempt ends the retries", async () => {
    const time = fakeTime();
    let attempts = 0;
    const declined = new Error("card declined");
    const s = step({
      name: "s",
      timeout: 10,
      graceMs: 50,
      retry: { count: 5 },
      run: async () => {
        attempts++;
        await new Promise((resolve) => setTimeout(resolve, 20));
        throw permanent(declined);
      },
    });
    const running = s.run({});
    await time.tickAsync(10);
    await time.tickAsync(10);
    assertStrictEquals(failureOf(await running).error, declined);
    assertEquals(attempts, 1);
  });
});

describe("endless retries", () => {
  const { fakeTime } = cleanups();

  it("continue until a success", async () => {
    const time = fakeTime();
    const s = step({
      name: "s",
      retry: { count: Infinity },
      run: (_ctx, { attempt }) => {
        if (attempt < 50) throw errors[0];
        return { attempt };
      },
    });
    assertEquals(dataOf(await through(time, s.run({}))), { attempt: 50 });
  });

  for (const policy of [{}, { delay: () => 0 }, { delay: 100, jitter: 1, maxDelay: 0 }]) {
    it(`leave room for the timer of a deadline with ${Object.keys(policy)}`, async () => {
      let attempts = 0;
      const s = step({
        name: "s",
        retry: { count: Infinity, ...policy },
        run: () => {
          attempts++;
          throw errors[0];
        },
      });
      const time = fakeTime();
      const running = pipeline({ name: "p", steps: [s], timeout: 5 }).run();
      for (let ms = 0; ms < 5; ms++) await time.tickAsync(1);
      const { error } = failureOf(await running);
      assert(isRunsheetError(error, "TIMEOUT"));
      assertEquals(attempts, 5);
    });
  }

  it("keep the last thousand errors", async () => {
    let most = 0;
    const s = step({
      name: "s",
      retry: { count: Infinity, retryIf: ({ length }) => (most = Math.max(most, length)) > 0 },
      run: (_ctx, { attempt }) => {
        if (attempt === 1_010) throw permanent(new Error("enough"));
        throw errors[0];
      },
    });
    const { error } = failureOf(await through(fakeTime(), s.run({})));
    assertEquals(error.message, "enough");
    assertEquals(most, 1_000);
  });
});
