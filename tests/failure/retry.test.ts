import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import {
  isRunsheetError,
  pipeline,
  PredicateError,
  RetryExhaustedError,
  step,
  TimeoutError,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain } from "../support/deferred.ts";
import { errors, failing, waitsOf } from "../support/failing.ts";
import { dataOf, failureOf } from "../support/results.ts";

describe("retry", () => {
  it("calls run again after a failure, as often as count says", async () => {
    const result = await failing(3, { count: 3 }).run({});
    assertEquals(dataOf(result), { attempt: 4 });
  });

  it("does not happen by default", async () => {
    let attempts = 0;
    const s = step({
      name: "s",
      run: () => {
        attempts++;
        throw errors[0];
      },
    });
    assertStrictEquals(failureOf(await s.run({})).error, errors[0]);
    assertEquals(attempts, 1);
  });

  it("does not happen after a success", async () => {
    let attempts = 0;
    dataOf(await failing(0, { count: 3 }, () => attempts++).run({}));
    assertEquals(attempts, 1);
  });

  it("is the same for a rejection as for a throw", async () => {
    const s = step({
      name: "s",
      retry: { count: 1 },
      run: async (_ctx, { attempt }) => {
        await drain();
        if (attempt === 1) throw errors[0];
        return { attempt };
      },
    });
    assertEquals(dataOf(await s.run({})), { attempt: 2 });
  });

  it("gives every attempt the same context", async () => {
    const seen: unknown[] = [];
    const s = step({
      name: "s",
      requires: type({ n: "string.numeric.parse" }),
      retry: { count: 1 },
      run: (ctx, { attempt }) => {
        seen.push(ctx);
        if (attempt === 1) throw errors[0];
      },
    });
    dataOf(await s.run({ n: "5" }));
    assertEquals(seen[0], { n: 5 });
    assertStrictEquals(seen[0], seen[1]);
  });

  it("counts as one step that ran, and is undone once", async () => {
    const undone: unknown[] = [];
    const s = step({
      name: "s",
      retry: { count: 2 },
      run: (_ctx, { attempt }) => {
        if (attempt < 3) throw errors[0];
        return { attempt };
      },
      rollback: (_ctx, output) => void undone.push(output),
    });
    const last = step({ name: "last", run: () => Promise.reject(errors[1]) });
    const failure = failureOf(await pipeline({ name: "p", steps: [s, last] }).run());
    assertEquals(failure.meta.stepsExecuted, ["s", "last"]);
    assertEquals(undone, [{ attempt: 3 }]);
  });
});

describe("the wait before a retry", () => {
  const { after, fakeTime } = cleanups();

  it("is delay times n by default", async () => {
    assertEquals(await waitsOf(fakeTime(), { delay: 100 }), [100, 200, 300, 400]);
  });

  it("is delay times n with linear backoff", async () => {
    assertEquals(await waitsOf(fakeTime(), { delay: 7, backoff: "linear" }), [7, 14, 21, 28]);
  });

  it("doubles with exponential backoff", async () => {
    assertEquals(await waitsOf(fakeTime(), { delay: 100, backoff: "exponential" }), [
      100,
      200,
      400,
      800,
    ]);
  });

  it("stays the same with fixed backoff", async () => {
    assertEquals(await waitsOf(fakeTime(), { delay: 100, backoff: "fixed" }), [100, 100, 100, 100]);
  });

  for (const backoff of ["linear", "exponential", "fixed"] as const) {
    it(`is at most maxDelay with ${backoff} backoff`, async () => {
      const waits = await waitsOf(fakeTime(), { delay: 100, maxDelay: 150, backoff });
      assertEquals(waits, [100, ...backoff === "fixed" ? [100, 100, 100] : [150, 150, 150]]);
    });
  }

  for (
    const [backoff, waits] of [[3, [100, 300, 900, 2_700]], [1, [100, 100, 100, 100]]] as const
  ) {
    it(`grows by the factor ${backoff}`, async () => {
      assertEquals(await waitsOf(fakeTime(), { delay: 100, backoff }), [...waits]);
    });
  }

  it("is none with a delay of 0, however often it has doubled", async () => {
    fakeTime(); // never moved
    const retry = { count: 1_100, backoff: "exponential" } as const;
    const s = step({
      name: "s",
      retry,
      run: (_ctx, { attempt }) => {
        if (attempt <= 1_050) throw errors[0];
        return { attempt };
      },
    });
    assertEquals(dataOf(await s.run({})), { attempt: 1_051 });
  });

  it("ends at the exact millisecond, not before", async () => {
    const time = fakeTime();
    let attempts = 0;
    const running = failing(1, { count: 1, delay: 200 }, () => attempts++).run({});
    await drain();
    await time.tickAsync(199);
    await drain();
    assertEquals(attempts, 1);
    await time.tickAsync(1);
    dataOf(await running);
    assertEquals(attempts, 2);
  });

  const chances: [random: number, jitter: number, waits: number[]][] = [
    [0, 0.5, [100, 200, 300, 400]],
    [0.5, 0.5, [75, 150, 225, 300]],
    [1, 0.5, [50, 100, 150, 200]],
    [0.5, 1, [50, 100, 150, 200]],
    [0.5, 0, [100, 200, 300, 400]],
  ];
  for (const [random, jitter, waits] of chances) {
    it(`is ${waits} by the jitter ${jitter} when chance says ${random}`, async () => {
      const { random: real } = Math;
      Math.random = () => random;
      after(() => {
        Math.random = real;
      });
      assertEquals(await waitsOf(fakeTime(), { delay: 100, jitter }), waits);
    });
  }

  it("is within the bounds of its jitter for any chance", async () => {
    for (
      const wait of await waitsOf(fakeTime(), { delay: 1_000, backoff: "fixed", jitter: 0.25 })
    ) {
      assert(wait >= 750 && wait <= 1_000, `${wait}`);
    }
  });

  for (const policy of [{}, { delay: 0 }, { delay: 100, maxDelay: 0 }]) {
    it(`is omitted with ${JSON.stringify(policy)}`, async () => {
      fakeTime(); // never moved
      dataOf(await failing(3, { count: 3, ...policy }).run({}));
    });
  }
});

describe("retryIf", () => {
  const { fakeTime } = cleanups();

  it("is asked after every failure, and gets all errors so far", async () => {
    const asked: (readonly Error[])[] = [];
    const retryIf = (errors: readonly Error[]) => asked.push(errors) > 0;
    dataOf(await failing(3, { count: 3, retryIf }).run({}));
    assertEquals(asked, [errors.slice(0, 1), errors.slice(0, 2), errors.slice(0, 3)]);
    assertStrictEquals(asked[2]?.[0], errors[0]);
  });

  it("gets an array of its own, so that it cannot change what is reported", async () => {
    const retryIf = (errors: readonly Error[]) => (errors as Error[]).splice(0).length > 0;
    const { error } = failureOf(await failing(3, { count: 2, retryIf }).run({}));
    assertInstanceOf(error, RetryExhaustedError);
    assertEquals(error.errors, errors.slice(0, 3));
  });

  it("stops at once when it returns false, and the original error passes through", async () => {
    fakeTime(); // never moved: there is no wait either
    let attempts = 0;
    const retry = { count: 5, delay: 100, retryIf: () => false };
    const { error } = failureOf(await failing(5, retry, () => attempts++).run({}));
    assertStrictEquals(error, errors[0]);
    assertEquals(attempts, 1);
  });

  it("passes the last error through when it returns false later", async () => {
    let attempts = 0;
    const retryIf = ({ length }: readonly Error[]) => length < 3;
    const { error } = failureOf(await failing(5, { count: 5, retryIf }, () => attempts++).run({}));
    assertStrictEquals(error, errors[2]);
    assertEquals(attempts, 3);
  });

  it("is also asked after an attempt that must not overlap, whatever it said of the one before", async () => {
    const time = fakeTime();
    const asked: number[] = [];
    const slow = deferred<void>();
    const retryIf = ({ length }: readonly Error[]) => asked.push(length) < 2;
    const s = step({
      name: "s",
      timeout: 50,
      overlap: "never",
      retry: { count: 5, retryIf },
      run: (_ctx, { attempt }) => attempt === 1 ? Promise.reject(errors[0]) : slow.promise,
    });
    const running = s.run({});
    await time.tickAsync(50);
    await drain();
    slow.resolve();
    assertInstanceOf(failureOf(await running).error, TimeoutError);
    assertEquals(asked, [1, 2]);
  });

  it("that throws fails the run with the original error and a PredicateError", async () => {
    const oops = new Error("oops");
    let attempts = 0;
    const retryIf = () => {
      throw oops;
    };
    const failure = failureOf(await failing(5, { count: 5, retryIf }, () => attempts++).run({}));
    assertInstanceOf(failure.error, AggregateError);
    const [original, predicate] = failure.error.errors;
    assertEquals(failure.error.errors.length, 2);
    assertStrictEquals(original, errors[0]);
    assertInstanceOf(predicate, PredicateError);
    assertStrictEquals(predicate.cause, oops);
    assertEquals(predicate.message, "Cannot retry 'failing' as its 'retryIf' threw: Error: oops");
    assertEquals([attempts, failure.failedStep], [1, "failing"]);
  });
});

describe("retries that are exhausted", () => {
  it("are counted also when every attempt fails with the same error object", async () => {
    let calls = 0;
    const run = () => {
      calls++;
      throw errors[0];
    };
    failureOf(await step({ name: "s", retry: { count: 2 }, run }).run({}));
    assertEquals(calls, 3);
  });

  const { fakeTime } = cleanups();

  it("fail the run with a RetryExhaustedError that has every error", async () => {
    const failure = failureOf(await failing(3, { count: 2 }).run({}));
    const { error } = failure;
    assertInstanceOf(error, RetryExhaustedError);
    assert(isRunsheetError(error, "RETRY_EXHAUSTED"));
    assertEquals(error.attempts, 3);
    assertEquals(error.errors.length, 3);
    error.errors.forEach((each, n) => assertStrictEquals(each, errors[n]));
    assertStrictEquals(error.lastError, errors[2]);
    assertStrictEquals(error.cause, errors[2]);
    assertEquals(
      error.message,
      "Cannot retry 'failing' as its 2 retries are used up: Error: error 3",
    );
    assertEquals(failure.failedStep, "failing");
  });

  it("do not wait after the last attempt", async () => {
    const time = fakeTime();
    const running = failing(2, { count: 1, delay: 100 }).run({});
    await drain();
    time.tick(100);
    assert(isRunsheetError(failureOf(await running).error, "RETRY_EXHAUSTED"));
    assertEquals(time.next(), false);
  });

  it("leave the original error alone if there were none: count is 0", async () => {
    let attempts = 0;
    const { error } = failureOf(await failing(1, { count: 0 }, () => attempts++).run({}));
    assertStrictEquals(error, errors[0]);
    assertEquals(attempts, 1);
  });

  it("have an UnknownError for each thrown value that is not an Error", async () => {
    const s = step({ name: "s", retry: { count: 1 }, run: () => Promise.reject("no") });
    const { error } = failureOf(await s.run({}));
    assertInstanceOf(error, RetryExhaustedError);
    assert(error.errors.every((each) => isRunsheetError(each, "UNKNOWN")));
  });

  it("share nothing between two runs of one step", async () => {
    const s = failing(5, { count: 1 });
    const [first, second] = await Promise.all([s.run({}), s.run({})]);
    const [a, b] = [failureOf(first).error, failureOf(second).error];
    assertInstanceOf(a, RetryExhaustedError);
    assertInstanceOf(b, RetryExhaustedError);
    assertNotStrictEquals(a.errors, b.errors);
    assertEquals([a.attempts, b.attempts], [2, 2]);
  });
});

describe("a validation failure is never retried", () => {
  it("when it comes from requires", async () => {
    let checks = 0;
    let asked = 0;
    let ran = 0;
    const s = step({
      name: "s",
      requires: type({ n: "string" }).narrow(() => ++checks < 0),
      retry: { count: 3, retryIf: () => ++asked > 0 },
      run: () => void ran++,
    });
    assert(isRunsheetError(failureOf(await s.run({ n: "" })).error, "REQUIRES_VALIDATION"));
    assertEquals({ checks, asked, ran }, { checks: 1, asked: 0, ran: 0 });
  });

  it("when it comes from provides", async () => {
    let asked = 0;
    let ran = 0;
    const s = step({
      name: "s",
      provides: type({ n: "string > 3" }),
      retry: { count: 3, retryIf: () => ++asked > 0 },
      run: () => {
        ran++;
        return { n: "abc" };
      },
    });
    assert(isRunsheetError(failureOf(await s.run({})).error, "PROVIDES_VALIDATION"));
    assertEquals({ asked, ran }, { asked: 0, ran: 1 });
  });

  it("when it comes from an output that is not an object", async () => {
    let ran = 0;
    const s = step({
      name: "s",
      retry: { count: 3 },
      // @ts-expect-error a step returns an object or nothing
      run: () => ++ran,
    });
    assert(isRunsheetError(failureOf(await s.run({})).error, "PROVIDES_VALIDATION"));
    assertEquals(ran, 1);
  });
});
