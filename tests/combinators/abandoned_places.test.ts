// Abandoned calls that must not overlap with others keep their places in a group with a limit.
import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  type AnyStep,
  isRunsheetError,
  type ItemFailure,
  map,
  parallel,
  pipeline,
  type Step,
  step,
} from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { type Deferred, deferred, drain } from "../support/deferred.ts";
import { RecordingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";

/** Items whose calls end on demand, whatever their signals say, and the calls started so far. */
function world() {
  const started: number[] = [];
  const gates = Array.from({ length: 4 }, () => deferred());
  const stubborn = (policy: { overlap?: "allow" | "never"; timeout?: number; graceMs?: number }) =>
    step({
      name: "stubborn",
      timeout: 10,
      ...policy,
      run: async ({ n }: { n: number }) => {
        started.push(n);
        await gates[n]!.promise;
        return { done: n };
      },
    });
  const end = (n: number) => {
    gates[n]!.resolve();
    return drain();
  };
  return { started, stubborn, end };
}

const items = (count: number) => () => Array.from({ length: count }, (_, n) => ({ n }));

const one = { concurrency: 1, onFailure: "collect" } as const;

describe("a call that was given up, with overlap: never", () => {
  const { fakeTime } = cleanups();

  const places: Record<string, (s: AnyStep) => Step<string, Record<never, never>, object>> = {
    "an item": (s) => map("out", items(2), s, one),
    "a pipeline in an item": (s) =>
      map("out", items(2), pipeline({ name: "inner", steps: [s] as const }), one),
    "a group without a limit in an item": (s) => map("out", items(2), parallel(s), one),
    "a group with a limit in an item": (s) =>
      map("out", items(2), parallel.with({ concurrency: 2 })(s), one),
  };
  for (const [where, make] of Object.entries(places)) {
    it(`keeps the place of ${where} until it settles`, async () => {
      const time = fakeTime();
      const { started, stubborn, end } = world();
      const running = make(stubborn({ overlap: "never" })).run({});
      await time.tickAsync(10);
      await drain();
      assertEquals(started, [0]);
      await end(0);
      assertEquals(started, [0, 1]);
      await end(1);
      const { out } = dataOf(await running) as { out: ItemFailure<unknown>[] };
      assert(isRunsheetError(out[0]?.error, "TIMEOUT"));
      assertEquals<unknown>(out[1], { done: 1 });
    });
  }

  it("keeps the place of a branch", async () => {
    const time = fakeTime();
    const { started, stubborn, end } = world();
    const group = parallel.with({ concurrency: 1, onFailure: "settle" });
    const other = step({ name: "other", run: () => void started.push(9) });
    const running = group(stubborn({ overlap: "never" }), other).run({ n: 0 });
    await time.tickAsync(10);
    await drain();
    assertEquals(started, [0]);
    await end(0);
    assert(isRunsheetError(failureOf(await running).error, "TIMEOUT"));
    assertEquals(started, [0, 9]);
  });

  it("keeps its place when a host makes the calls", async () => {
    const time = fakeTime();
    const { started, stubborn, end } = world();
    const over = map("out", items(2), stubborn({ overlap: "never" }), one);
    const running = over.run({}, { host: new RecordingHost() });
    await time.tickAsync(10);
    await drain();
    assertEquals(started, [0]);
    await end(0);
    await end(1);
    dataOf(await running);
    assertEquals(started, [0, 1]);
  });

  it("keeps only its own place: the others are free", async () => {
    const time = fakeTime();
    const { started, stubborn, end } = world();
    const over = map("out", items(4), stubborn({ overlap: "never" }), { ...one, concurrency: 2 });
    const running = over.run({});
    await time.tickAsync(5);
    await end(1);
    assertEquals(started, [0, 1, 2]);
    await time.tickAsync(5);
    await drain();
    assertEquals(started, [0, 1, 2]);
    await end(2);
    assertEquals(started, [0, 1, 2, 3]);
    await end(3);
    dataOf(await running);
  });

  it("is not waited for at the end of its group", async () => {
    const time = fakeTime();
    const { started, stubborn, end } = world();
    const running = map("out", items(1), stubborn({ overlap: "never" }), one).run({});
    await time.tickAsync(10);
    dataOf(await running);
    assertEquals(started, [0]);
    await end(0);
  });

  for (const ending of ["abort", "timeout"] as const) {
    it(`does not hold up the ${ending} of the run`, async () => {
      const time = fakeTime();
      const { started, stubborn, end } = world();
      const aborter = new AbortController();
      const over = map("out", items(2), stubborn({ overlap: "never" }), one);
      const p = pipeline({ name: "p", timeout: 50, steps: [over] });
      const running = p.run({}, { signal: aborter.signal });
      await time.tickAsync(10);
      await drain();
      if (ending === "abort") aborter.abort();
      else await time.tickAsync(40);
      const { error } = failureOf(await running);
      assert(isRunsheetError(error, ending === "abort" ? "ABORTED" : "TIMEOUT"));
      assertEquals(started, [0]);
      await end(0);
      assertEquals(started, [0]);
    });
  }

  it("does not hold up the failure of its group", async () => {
    const time = fakeTime();
    const { started, stubborn, end } = world();
    const options = { concurrency: 1, onFailure: "abort" } as const;
    const running = map("out", items(2), stubborn({ overlap: "never" }), options).run({});
    await time.tickAsync(10);
    assert(isRunsheetError(failureOf(await running).error, "TIMEOUT"));
    await end(0);
    assertEquals(started, [0]);
  });

  const calling = (calls: Deferred<void>[]) =>
    step({
      name: "call",
      timeout: 10,
      overlap: "never",
      run: async () => {
        const call = deferred();
        calls.push(call);
        await call.promise;
      },
    });

  it("keeps another attempt of its pipeline from starting, and then its place", async () => {
    const time = fakeTime();
    const calls: Deferred<void>[] = [];
    const inner = pipeline({ name: "inner", retry: { count: 1 }, steps: [calling(calls)] });
    const running = map("out", items(2), inner, one).run({});
    for (const [index, isRetried] of [true, false, true].entries()) {
      await time.tickAsync(isRetried ? 100 : 10);
      await drain();
      assertEquals(calls.length, index + 1);
      calls[index]!.resolve();
      await drain();
      assertEquals(calls.length, index + 2);
    }
    calls[3]!.resolve();
    const { out } = dataOf(await running) as { out: ItemFailure<unknown>[] };
    assert(isRunsheetError(out[0]?.error, "RETRY_EXHAUSTED"));
    assertEquals<unknown>(out[1], {});
  });

  it("is given up by the timeout of its pipeline, whose next attempt waits until an abort", async () => {
    const time = fakeTime();
    const calls: Deferred<void>[] = [];
    const aborter = new AbortController();
    const steps = [calling(calls)];
    const p = pipeline({ name: "p", timeout: 5, retry: { count: 1 }, steps });
    const running = p.run({}, { signal: aborter.signal });
    await time.tickAsync(100);
    await drain();
    assertEquals(calls.length, 1);
    aborter.abort();
    assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
    calls[0]!.resolve();
    await drain();
    assertEquals(calls.length, 1);
  });

  it("does not hold up a suspension by the host", async () => {
    const time = fakeTime();
    const { stubborn, end } = world();
    const suspended = new Error("suspended");
    const waits = deferred();
    const host = new RecordingHost();
    const { perform } = host;
    host.perform = async (call, fn) => {
      if (!call.path.includes("[1]")) return await perform.call(host, call, fn);
      await waits.promise;
      throw suspended;
    };
    const over = map("out", items(3), stubborn({ overlap: "never" }), { ...one, concurrency: 2 });
    const running = over.run({}, { host }).catch((reason) => reason);
    await time.tickAsync(10);
    await drain();
    waits.resolve();
    assertStrictEquals(await running, suspended);
    await end(0);
  });
});

describe("a call that was given up", () => {
  const { fakeTime } = cleanups();

  it("leaves its place at once with overlap: allow", async () => {
    const time = fakeTime();
    const { started, stubborn, end } = world();
    const running = map("out", items(2), stubborn({}), one).run({});
    await time.tickAsync(10);
    await drain();
    assertEquals(started, [0, 1]);
    await end(1);
    dataOf(await running);
    await end(0);
  });
});
