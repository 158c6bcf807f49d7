import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  choice,
  ConfigError,
  isRunsheetError,
  type LateReport,
  parallel,
  pipeline,
  type ProvidesOf,
  step,
  when,
} from "@runsheet/runsheet";
import { deferred, drain, never } from "../support/deferred.ts";
import { cleanups } from "../support/cleanup.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail, logged } from "../support/steps.ts";

/** A step that ends on demand, and logs what happens to it. */
function controlled(name: string, log: string[]) {
  const { promise, resolve, reject } = deferred<void>();
  const own = step({
    name,
    run: async (_ctx, { signal }) => {
      log.push(`start ${name}`);
      signal.addEventListener("abort", () => log.push(`abort ${name}`));
      await promise;
      log.push(`do ${name}`);
      return { [name]: name };
    },
    rollback: () => void log.push(`undo ${name}`),
  });
  return { step: own, done: () => resolve(), fail: (error: Error) => reject(error) };
}

describe("parallel", () => {
  const { fakeTime } = cleanups();

  it("gives all the same snapshot and merges their outputs in the order written", async () => {
    const seen: unknown[] = [];
    const slow = deferred();
    const a = step({
      name: "a",
      run: async (ctx) => {
        seen.push(ctx);
        await slow.promise;
        return { winner: "a", a: 1 };
      },
    });
    const b = step({
      name: "b",
      run: (ctx) => {
        seen.push(ctx);
        slow.resolve();
        return { winner: "b", b: 2 };
      },
    });
    const group = parallel(a, b);
    const result = await pipeline({ name: "p", steps: [group] }).run(
      { n: 1 } as Record<never, never>,
    );
    assertEquals<unknown>(dataOf(result), { n: 1, winner: "b", a: 1, b: 2 });
    assertEquals(seen, [{ n: 1 }, { n: 1 }]);
    assertStrictEquals(seen[0], seen[1]);
    assertEquals(result.meta.stepsExecuted, ["parallel(a, b)"]);
  });

  it("merges only what a nested pipeline adds, not the context that it saw", async () => {
    const set = step({ name: "set", run: () => ({ n: 2 }) });
    const inner = pipeline({ name: "inner", steps: [step({ name: "m", run: () => ({ m: 1 }) })] });
    const p = pipeline({ name: "p", steps: [parallel(set, inner)] });
    assertEquals<unknown>(dataOf(await p.run({ n: 1 } as Record<never, never>)), { n: 2, m: 1 });
  });

  it("aborts the others when one fails, waits for them, and undoes in reverse of the order written", async () => {
    const log: string[] = [];
    const [a, b, c] = [controlled("a", log), controlled("b", log), controlled("c", log)];
    const running = pipeline({
      name: "p",
      steps: [logged("first", log), parallel(a.step, b.step, c.step)],
    }).run();
    await drain();
    c.done();
    await drain();
    b.fail(boom);
    await drain();
    assertEquals(log, ["first", "start a", "start b", "start c", "do c", "abort a"]);
    a.done(); // it did not heed its signal, and its effect is undone like any other
    const failure = failureOf(await running);
    assertEquals(log.slice(6), ["do a", "undo c", "undo a", "undo first"]);
    assertStrictEquals(failure.error, boom);
    assertEquals(failure.failedStep, "parallel(a, b, c)/b");
    assertEquals(failure.rollback.completed, [
      "parallel(a, b, c)/c",
      "parallel(a, b, c)/a",
      "first",
    ]);
  });

  it("gives each handler the context that its run saw and its output", async () => {
    const pairs: unknown[] = [];
    const make = (name: string) =>
      step({
        name,
        run: (ctx) => ({ [name]: ctx }),
        rollback: (ctx, output) => void pairs.push([output[name] === ctx, Object.keys(output)]),
      });
    failureOf(await pipeline({ name: "p", steps: [parallel(make("a"), make("b")), fail] }).run());
    assertEquals(pairs, [[true, ["b"]], [true, ["a"]]]);
  });

  it("gives the others the failure as the reason of their signals", async () => {
    const reasons: unknown[] = [];
    const heeding = step({
      name: "heeding",
      run: (_ctx, { signal }) =>
        new Promise<void>((_, reject) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason.code, signal.reason.cause);
            reject(signal.reason);
          });
        }),
    });
    const failure = failureOf(
      await pipeline({ name: "p", steps: [parallel(heeding, fail)] }).run(),
    );
    assertEquals(reasons, ["ABORTED", boom]);
    assertStrictEquals(failure.error, boom);
  });

  it("does not count branches that stopped because they were aborted", async () => {
    const stops = (name: string, thrown: (reason: Error) => unknown) =>
      step({
        name,
        run: (_ctx, { signal }) =>
          new Promise<void>((_, reject) => {
            signal.addEventListener("abort", () => reject(thrown(signal.reason)));
          }),
      });
    const group = parallel(
      stops("a", (reason) => reason),
      stops("b", () => new DOMException("aborted", "AbortError")),
      stops("c", (cause) => new Error("stopped", { cause })),
      fail,
    );
    assertStrictEquals(failureOf(await pipeline({ name: "p", steps: [group] }).run()).error, boom);
  });

  it("counts a user's own AbortError if it was the first failure", async () => {
    const own = new DOMException("mine", "AbortError");
    const aborting = step({ name: "aborting", run: () => Promise.reject(own) });
    const failure = failureOf(
      await pipeline({ name: "p", steps: [parallel(aborting, logged("b", []))] }).run(),
    );
    assertStrictEquals(failure.error, own);
    assertEquals(failure.failedStep, "parallel(aborting, b)/aborting");
  });

  it("joins several failures in the order written", async () => {
    const log: string[] = [];
    const [a, b] = [controlled("a", log), controlled("b", log)];
    const running = pipeline({ name: "p", steps: [parallel(a.step, b.step)] }).run();
    await drain();
    const [first, second] = [new Error("first"), new Error("second")];
    b.fail(second);
    await drain();
    a.fail(first);
    const failure = failureOf(await running);
    assertInstanceOf(failure.error, AggregateError);
    assertEquals(failure.error.errors, [first, second]);
    assertStrictEquals(failure.error.errors[0], first);
    assertEquals(failure.failedStep, "parallel(a, b)");
  });

  it("starts no further attempt in a branch once another has failed, and ends its wait at once", async () => {
    const time = fakeTime();
    const log: string[] = [];
    const flaky = step({
      name: "flaky",
      retry: { count: 3, delay: 60_000 },
      run: (_ctx, { attempt, defer }) => {
        log.push(`attempt ${attempt}`);
        defer(() => void log.push(`undo ${attempt}`));
        throw new Error("flaky");
      },
    });
    const late = step({
      name: "late",
      run: () => new Promise<void>((_, reject) => setTimeout(() => reject(boom), 10)),
    });
    const running = pipeline({ name: "p", steps: [parallel(flaky, late)] }).run();
    await time.tickAsync(10);
    const failure = failureOf(await running);
    assertEquals(log, ["attempt 1", "undo 1"]);
    assertStrictEquals(failure.error, boom);
  });

  it("retries one branch alone", async () => {
    const flaky = step({
      name: "flaky",
      retry: { count: 1 },
      run: (_ctx, { attempt }) => {
        if (attempt === 1) throw boom;
        return { attempt };
      },
    });
    const p = pipeline({ name: "p", steps: [parallel(flaky, logged("b", []))] });
    assertEquals<unknown>(dataOf(await p.run()), { attempt: 2, b: "done" });
  });

  it("ends as aborted when the caller aborts, does not wait for a branch that hangs, and undoes the rest", async () => {
    const log: string[] = [];
    const aborter = new AbortController();
    const hung = step({ name: "hung", run: () => never() });
    const p = pipeline({ name: "p", steps: [parallel(logged("a", log), hung), logged("b", log)] });
    const running = p.run({}, { signal: aborter.signal });
    await drain();
    aborter.abort(boom);
    const failure = failureOf(await running);
    assert(isRunsheetError(failure.error, "ABORTED"));
    assertStrictEquals(failure.error.cause, boom);
    assertEquals(log, ["a", "undo a"]);
  });

  it("undoes an abandoned branch when it lands", async () => {
    const log: string[] = [];
    const aborter = new AbortController();
    const slow = controlled("slow", log);
    const late: LateReport[] = [];
    const watches: Promise<unknown>[] = [];
    const running = pipeline({ name: "p", steps: [parallel(slow.step, logged("b", log))] }).run(
      {},
      {
        signal: aborter.signal,
        onLate: (report) => late.push(report),
        waitUntil: (watch) => watches.push(watch),
      },
    );
    await drain();
    aborter.abort();
    failureOf(await running);
    slow.done();
    await Promise.all(watches);
    assertEquals(log, ["start slow", "b", "abort slow", "undo b", "do slow", "undo slow"]);
    assertEquals(late, [{ step: "parallel(slow, b)/slow", attempt: 1, outcome: "compensated" }]);
  });

  it("gives up branches that hang when the pipeline times out", async () => {
    const time = fakeTime();
    const hung = step({ name: "hung", run: () => never() });
    const running = pipeline({ name: "p", timeout: 100, steps: [parallel(hung, hung)] }).run();
    await time.tickAsync(100);
    assert(isRunsheetError(failureOf(await running).error, "TIMEOUT"));
  });

  it("undoes steps that return nothing, and reports an undo that fails", async () => {
    const undone: string[] = [];
    const nothing = step({
      name: "nothing",
      run: () => {},
      rollback: () => void undone.push("nothing"),
    });
    const stuck = step({ name: "stuck", run: () => {}, rollback: () => Promise.reject(boom) });
    const p = pipeline({ name: "p", steps: [parallel(nothing, stuck, fail)] });
    const { rollback } = failureOf(await p.run());
    assertEquals(undone, ["nothing"]);
    assertEquals(rollback.completed, ["parallel(nothing, stuck, fail)/nothing"]);
    assertEquals(rollback.failed, [{ step: "parallel(nothing, stuck, fail)/stuck", error: boom }]);
  });

  it("distinguishes branches of the same name", async () => {
    const log: string[] = [];
    const a = logged("a", log);
    const { rollback } = failureOf(
      await pipeline({ name: "p", steps: [parallel(a, a), fail] }).run(),
    );
    assertEquals(rollback.completed, ["parallel(a, a)/a#2", "parallel(a, a)/a"]);
  });

  it("provides the keys of all its steps, later ones over earlier ones", () => {
    const n = step({ name: "n", run: (): { n: number; m: string } => ({ n: 1, m: "" }) });
    const text = step({ name: "text", run: (): { n: string } => ({ n: "" }) });
    const group = parallel(n, text);
    assertType<IsExact<ProvidesOf<typeof group>, { n: string; m: string }>>(true);
  });

  it("is one child for middleware", async () => {
    const names: string[] = [];
    const p = pipeline({
      name: "p",
      steps: [parallel(logged("a", []), logged("b", []))],
      middleware: [({ name }, next) => {
        names.push(name);
        return next;
      }],
    });
    dataOf(await p.run());
    assertEquals(names, ["parallel(a, b)"]);
  });

  it("of one step behaves like that step alone", async () => {
    const runs = [];
    for (
      const wrap of [
        (a: ReturnType<typeof logged>) => a,
        (a: ReturnType<typeof logged>) => parallel(a),
      ]
    ) {
      const log: string[] = [];
      const steps = [wrap(logged("a", log)), logged("b", log), fail];
      failureOf(await pipeline({ name: "p", steps }).run());
      runs.push([log, dataOf(await pipeline({ name: "p", steps: [wrap(logged("a", []))] }).run())]);
    }
    assertEquals(runs[0], runs[1]);
  });

  it("works inside others, and everything is undone in reverse of the order written", async () => {
    const log: string[] = [];
    const l = (name: string) => logged(name, log);
    const inner = parallel(
      l("b"),
      choice([() => false, l("x")], parallel(l("c"), when(() => true, l("d")))),
    );
    const p = pipeline({
      name: "p",
      steps: [l("a"), when(() => true, parallel(inner, l("e"))), fail],
    });
    failureOf(await p.run());
    assertEquals(log.slice(-5), ["undo e", "undo d", "undo c", "undo b", "undo a"]);
  });

  it("keeps concurrent runs of one pipeline apart", async () => {
    const undone: number[] = [];
    const effect = step({
      name: "effect",
      run: async (ctx: { n: number }) => ({ effect: await Promise.resolve(ctx.n) }),
      rollback: (ctx, { effect }) => {
        assertEquals(effect, ctx.n);
        undone.push(effect);
      },
    });
    const odd = step({
      name: "odd",
      run: async (ctx: { n: number }) => {
        for (let n = 0; n < ctx.n % 7; n++) await Promise.resolve();
        if (ctx.n % 2 === 1) throw boom;
      },
    });
    const p = pipeline({ name: "p", steps: [parallel(effect, odd)] });
    const results = await Promise.all(Array.from({ length: 50 }, (_, n) => p.run({ n })));
    assertEquals(
      results.map(({ success }) => success),
      Array.from({ length: 50 }, (_, n) => n % 2 === 0),
    );
    assertEquals(undone.toSorted((a, b) => a - b), Array.from({ length: 25 }, (_, n) => 2 * n + 1));
  });

  it("refuses to be empty, and anything that is not a step", () => {
    assertEquals(
      assertThrows(() => parallel(), ConfigError).message,
      "Cannot create parallel() as it must have at least one step: current value is 0",
    );
    assertEquals(
      assertThrows(() => parallel(fail, 42 as never), ConfigError).message,
      "Cannot create parallel() as 'steps[1]' must be a step: current value is 42",
    );
  });
});
