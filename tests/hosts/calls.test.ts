import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  AbortedError,
  ConfigError,
  type Host,
  isRunsheetError,
  type LateReport,
  type Outcome,
  pipeline,
  RollbackError,
  step,
  TimeoutError,
  UnknownError,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { RecordingHost, ReplayingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { checkout, type Effects } from "../support/checkout.ts";
import { deferred, never } from "../support/deferred.ts";
import { boom, fail } from "../support/steps.ts";

const noSleep = () => Promise.resolve();
const noop = step({ name: "noop", run: () => {} });

describe("the ids of calls", () => {
  it("are names and attempts along the path, for every attempt, undo and wait", async () => {
    const host = new RecordingHost();
    failureOf(await checkout([], { fails: true }).run({ sku: "tea" }, { host }));
    assertEquals(host.ids, [
      "reserve@1",
      "payment/charge@1",
      "payment/charge@1!defer1",
      "payment/charge@2",
      "log@1",
      "log#2@1",
      "ship@1",
      "payment/charge!undo",
      "payment/charge@2!defer1",
      "reserve!undo",
      "reserve!undo@2",
    ]);
    assertEquals(host.sleeps, [
      { id: "payment/charge@2!wait", ms: 20 },
      { id: "reserve!undo@2!wait", ms: 5 },
    ]);
  });

  it("begin with the step's name when a step runs alone", async () => {
    const host = new RecordingHost();
    await noop.run({}, { host });
    assertEquals(host.ids, ["noop@1"]);
  });

  it("are the same in every run", async () => {
    const runs = [new RecordingHost(), new RecordingHost()];
    const one = checkout([], { fails: true });
    for (const host of runs) await one.run({ sku: "tea" }, { host });
    assertEquals(runs[0]!.ids, runs[1]!.ids);
  });

  it("do not shift when a step is inserted before", async () => {
    const before = new RecordingHost();
    const after = new RecordingHost();
    const inserted = step({ name: "inserted", run: () => {}, rollback: () => {} });
    const steps = [checkout([], { fails: true })];
    await pipeline({ name: "p", steps }).run({ sku: "tea" }, { host: before });
    await pipeline({ name: "p", steps: [inserted, ...steps] }).run({ sku: "tea" }, { host: after });
    assertEquals(after.ids, ["inserted@1", ...before.ids, "inserted!undo"]);
  });

  it("distinguish siblings of one name at every depth", async () => {
    const host = new RecordingHost();
    const inner = pipeline({ name: "noop", steps: [noop, noop] });
    await pipeline({ name: "p", steps: [noop, inner, inner] }).run({}, { host });
    assertEquals(host.ids, [
      "noop@1",
      "noop#2/noop@1",
      "noop#2/noop#2@1",
      "noop#3/noop@1",
      "noop#3/noop#2@1",
    ]);
  });
});

describe("a call", () => {
  it("has the same effects with a host as without one", async () => {
    const direct: Effects = [];
    const hosted: Effects = [];
    const runId = "r1";
    const without = await checkout(direct, { fails: true }).run({ sku: "tea" }, { runId });
    const host = new RecordingHost();
    const withHost = await checkout(hosted, { fails: true }).run({ sku: "tea" }, { host, runId });
    assertEquals(hosted, direct);
    assertEquals(JSON.stringify(withHost), JSON.stringify(without));
  });

  it("also undoes late attempts through the host", async () => {
    const host = new RecordingHost();
    const controller = new AbortController();
    const gate = deferred<{ id: number }>();
    const undone: unknown[] = [];
    const watches: Promise<unknown>[] = [];
    const lates: LateReport[] = [];
    const slow = step({
      name: "slow",
      run: () => {
        controller.abort();
        return gate.promise;
      },
      rollback: (_ctx, output) => undone.push(output),
    });
    const result = await slow.run({}, {
      host,
      signal: controller.signal,
      waitUntil: (watch) => watches.push(watch),
      onLate: (late) => lates.push(late),
    });
    assertEquals(failureOf(result).rollback.completed, []);
    gate.resolve({ id: 7 });
    await Promise.all(watches);
    assertEquals(undone, [{ id: 7 }]);
    assertEquals(host.ids, ["slow@1", "slow@1!undo"]);
    assertEquals(lates, [{ step: "slow", attempt: 1, outcome: "compensated" }]);
  });
});

describe("the signal of a host", () => {
  const during = (reason: unknown): Host => ({
    perform: (call, fn) => {
      const controller = new AbortController();
      const running = fn(call.id === "wait@1" ? controller.signal : undefined);
      controller.abort(reason);
      return running;
    },
    sleep: noSleep,
  });

  it("aborts the attempt, and the run is undone", async () => {
    const reason = new Error("evicted");
    let seen: AbortSignal | undefined;
    let undone = 0;
    const reserve = step({ name: "reserve", run: () => {}, rollback: () => undone++ });
    const wait = step({
      name: "wait",
      run: (_ctx: object, { signal }) =>
        new Promise<void>((_, reject) => {
          seen = signal;
          signal.addEventListener("abort", () => reject(new Error("stopped")), { once: true });
        }),
    });
    const host = during(reason);
    const failure = failureOf(
      await pipeline({ name: "p", steps: [reserve, wait] }).run({}, { host }),
    );
    assertStrictEquals(seen?.reason, reason);
    assertInstanceOf(failure.error, AbortedError);
    assertStrictEquals(failure.error.cause, reason);
    assertEquals(failure.failedStep, "wait");
    assertEquals(undone, 1);
  });

  it("makes the attempt time out when it aborts with a TimeoutError, as its call has the timeout", async () => {
    const timeouts: unknown[] = [];
    const reason = new TimeoutError("Cannot wait", 7);
    const host: Host = {
      perform(call, fn) {
        timeouts.push(call.timeout);
        const controller = new AbortController();
        const running = fn(controller.signal);
        if (call.timeout !== undefined) controller.abort(reason);
        return running;
      },
      sleep: noSleep,
    };
    const slow = step({ name: "slow", timeout: 60_000, run: never });
    const one = pipeline({ name: "p", steps: [noop, slow] });
    assertStrictEquals(failureOf(await one.run({}, { host })).error, reason);
    assertEquals(timeouts, [undefined, 60_000]);
  });

  it("keeps the attempt from starting if it has already aborted", async () => {
    let started = 0;
    const host: Host = { perform: (_call, fn) => fn(AbortSignal.abort("full")), sleep: noSleep };
    const failure = failureOf(
      await step({ name: "s", run: () => void started++ }).run({}, { host }),
    );
    assert(isRunsheetError(failure.error, "ABORTED"));
    assertEquals(failure.error.cause, "full");
    assertEquals(started, 0);
  });
});

describe("a host that returns no outcome", () => {
  const giving = (id: string, garbage: unknown): Host => ({
    perform: (call, fn) => call.id === id ? Promise.resolve(garbage as Outcome) : fn(),
    sleep: noSleep,
  });
  const steps = [step({ name: "reserve", run: () => {}, rollback: () => {} }), noop, fail];
  const one = pipeline({ name: "p", steps });

  for (const garbage of [undefined, null, "ok", 1, {}, [], { ok: "yes" }]) {
    it(`fails the step with a ConfigError: ${JSON.stringify(garbage)}`, async () => {
      const failure = failureOf(await one.run({}, { host: giving("noop@1", garbage) }));
      assertInstanceOf(failure.error, ConfigError);
      assert(failure.error.message.startsWith("Cannot perform 'noop@1' as the host must"));
      assertEquals(failure.failedStep, "noop");
      assertEquals(failure.rollback.completed, ["reserve"]);
    });
  }

  it("fails the undo with a ConfigError, in the report", async () => {
    const failure = failureOf(await one.run({}, { host: giving("reserve!undo", undefined) }));
    assertEquals(failure.error.message, "boom");
    assertEquals(failure.rollback.failed.map(({ step }) => step), ["reserve"]);
    assertInstanceOf(failure.rollback.failed[0]?.error, ConfigError);
  });

  it("fails with a ConfigError even when reading it throws, and the rest is undone", async () => {
    const hostile = {
      get ok(): boolean {
        throw new Error("trap");
      },
    };
    const early = failureOf(await one.run({}, { host: giving("noop@1", hostile) }));
    assertInstanceOf(early.error, ConfigError);
    assertEquals(early.failedStep, "noop");
    assertEquals(early.rollback.completed, ["reserve"]);
    const late = failureOf(await one.run({}, { host: giving("reserve!undo", hostile) }));
    assertEquals(late.error.message, "boom");
    assertInstanceOf(late.rollback.failed[0]?.error, ConfigError);
  });

  it("fails with an UnknownError when its error is not an Error", async () => {
    const host = giving("noop@1", { ok: false, error: "flat" });
    const { error } = failureOf(await one.run({}, { host }));
    assertInstanceOf(error, UnknownError);
    assertEquals(error.originalValue, "flat");
  });
});

describe("a wait", () => {
  const failing = (retry: object) =>
    step({
      name: "s",
      retry: { count: 3, delay: 10, ...retry },
      run: () => {
        throw boom;
      },
    });

  for (
    const [retry, waits] of [
      [{}, [10, 20, 30]],
      [{ backoff: "exponential" }, [10, 20, 40]],
      [{ backoff: "fixed" }, [10, 10, 10]],
      [{ backoff: "exponential", maxDelay: 15 }, [10, 15, 15]],
      [{ delay: 0 }, []],
    ] as const
  ) {
    it(`goes through the host with its time: ${JSON.stringify(retry)}`, async () => {
      const host = new RecordingHost();
      await failing(retry).run({}, { host });
      assertEquals(host.sleeps.map(({ ms }) => ms), [...waits]);
      assertEquals(host.sleeps.map(({ id }) => id), waits.map((_, n) => `s@${n + 2}!wait`));
    });
  }

  for (const how of ["resolves", "rejects"]) {
    it(`ends on an abort when the host ${how}, and nothing starts after it`, async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const host = new RecordingHost();
      host.sleep = (call, ms, signal) => {
        host.sleeps.push({ id: call.id, ms });
        return new Promise<void>((resolve, reject) => {
          const end = () => how === "resolves" ? resolve() : reject(signal?.reason);
          signal?.addEventListener("abort", end, { once: true });
          controller.abort(reason);
        });
      };
      const result = await failing({}).run({}, { host, signal: controller.signal });
      const { error } = failureOf(result);
      assert(isRunsheetError(error, "ABORTED"));
      assertStrictEquals(error.cause, reason);
      assertEquals(host.ids, ["s@1"]);
    });
  }

  it("that is over has a signal that no longer aborts with the run", async () => {
    const controller = new AbortController();
    const signals: AbortSignal[] = [];
    const s = step({
      name: "s",
      retry: { count: 1, delay: 5 },
      run: (_ctx, { attempt }) => {
        if (attempt === 1) throw new Error("again");
        controller.abort();
      },
    });
    const host: Host = {
      perform: (_call, fn) => fn(),
      sleep: (_call, _ms, signal) => Promise.resolve(void signals.push(signal!)),
    };
    failureOf(await s.run({}, { host, signal: controller.signal }));
    assertEquals(signals.map(({ aborted }) => aborted), [false]);
  });

  it("of an undo is shielded: it does not have the run's signal", async () => {
    const controller = new AbortController();
    const signals: unknown[] = [];
    const undo = step({
      name: "s",
      run: () => {},
      rollback: {
        retry: { count: 1, delay: 5 },
        run: (_ctx, _output, { attempt }) => {
          controller.abort();
          if (attempt === 1) throw new Error("again");
        },
      },
    });
    const host: Host = {
      perform: (_call, fn) => fn(),
      sleep: (_call, _ms, signal) => Promise.resolve(void signals.push(signal)),
    };
    const one = pipeline({ name: "p", steps: [undo, fail] });
    const failure = failureOf(await one.run({}, { host, signal: controller.signal }));
    assertEquals(signals, [undefined]);
    assertEquals(failure.rollback.completed, ["s"]);
  });
});

describe("an outcome from a record", () => {
  it("is validated again: provides transforms the output again", async () => {
    const booked = step({
      name: "book",
      provides: type({ at: "string.date.iso.parse" }),
      run: () => ({ at: "2026-01-02T03:04:05.000Z" }),
    });
    const first = new RecordingHost();
    const { at } = dataOf(await booked.run({}, { host: first }));
    assertInstanceOf(at, Date);
    const stored: Outcome = JSON.parse(JSON.stringify(first.outcomes.get("book@1")));
    const replaying = new ReplayingHost(new Map([["book@1", stored]]));
    assertEquals(dataOf(await booked.run({}, { host: replaying })), { at });
  });

  it("that provides does not accept fails the step, which is undone", async () => {
    const effects: Effects = [];
    const first = new RecordingHost();
    dataOf(await checkout([], {}).run({ sku: "tea" }, { host: first }));
    const known = new Map(first.outcomes);
    known.delete("payment/charge@1");
    known.set("payment/charge@1", { ok: true, value: { charge: 42 } });
    const host = new RecordingHost(known);
    const failure = failureOf(await checkout(effects, {}).run({ sku: "tea" }, { host }));
    assert(isRunsheetError(failure.error, "PROVIDES_VALIDATION"));
    assertEquals(failure.failedStep, "payment/charge");
    assertEquals(failure.rollback, { completed: ["payment/charge", "reserve"], failed: [] });
    assertEquals(effects, ["refund 42", "release one tea", "release one tea"]);
  });

  it("does not hold the function of a deferred undo, and this is reported", async () => {
    const deferring = step({
      name: "s",
      run: (_ctx: object, { defer }) => defer(() => {}),
    });
    const host = new RecordingHost(new Map([["s@1", { ok: true, value: {}, deferred: 2 }]]));
    const one = pipeline({ name: "p", steps: [deferring, fail] });
    const failure = failureOf(await one.run({}, { host }));
    assertEquals(host.ids, ["s@1", "fail@1", "s@1!defer2", "s@1!defer1"]);
    assertEquals(failure.rollback.failed.map(({ step }) => step), ["s (deferred)", "s (deferred)"]);
    const [undo] = failure.rollback.failed;
    assertInstanceOf(undo?.error, RollbackError);
  });
});
