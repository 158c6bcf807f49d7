// Resources that a run acquires and holds until its end.
import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type AnyStep,
  choice,
  fallback,
  type LateReport,
  map,
  parallel,
  pipeline,
  resource,
  step,
  when,
} from "@runsheet/runsheet";
import { events, type RunEvent } from "@runsheet/runsheet/observe";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain, never } from "../support/deferred.ts";
import { RecordingHost, SuspendingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail, thrower } from "../support/steps.ts";

interface Connection {
  readonly id: string;
}

/** A resource that logs what happens to it. */
function logging<const N extends string>(name: N, log: string[]) {
  let count = 0;
  return resource({
    name,
    acquire: (): Connection => {
      const id = `${name}${++count}`;
      log.push(`+${id}`);
      return { id };
    },
    release: ({ id }) => void log.push(`-${id}`),
  });
}

/** A step that uses the connection, forward and back. */
function using(log: string[]) {
  return step({
    name: "use",
    run: ({ a }: { a: Connection }) => void log.push(`use ${a.id}`),
    rollback: ({ a }) => void log.push(`undo with ${a.id}`),
  });
}

describe("a resource", () => {
  const { fakeTime } = cleanups();

  it("is in the context until the run ends, and in no data; the last one is released first", async () => {
    const log: string[] = [];
    const p = pipeline({
      name: "p",
      steps: [
        logging("a", log),
        logging("b", log),
        step({
          name: "n",
          run: ({ a, b }: { a: Connection; b: Connection }) => ({ n: a.id + b.id }),
        }),
      ],
    });
    const result = await p.run();
    assertEquals(dataOf(result), { n: "a1b1" });
    if (result.success) assertType<IsExact<typeof result.data, Readonly<{ n: string }>>>(true);
    assertEquals(log, ["+a1", "+b1", "-b1", "-a1"]);
    assertEquals(result.meta.notReleased, undefined);
  });

  it("is released after the undo of a run that failed", async () => {
    const log: string[] = [];
    const p = pipeline({ name: "p", steps: [logging("a", log), using(log), fail] });
    const { error, rollback } = failureOf(await p.run());
    assertEquals([error, rollback.completed], [boom, ["use"]]);
    assertEquals(log, ["+a1", "use a1", "undo with a1", "-a1"]);
  });

  it("is released once per acquisition inside each combinator and in nested pipelines", async () => {
    const log: string[] = [];
    const a = logging("a", log);
    const inner = pipeline({ name: "inner", steps: [a, using(log)] });
    const p = pipeline({
      name: "p",
      steps: [
        when(() => true, inner),
        using(log), // sees the nested pipeline's resource
        choice([() => true, inner]),
        parallel(logging("b", log), inner),
        map("all", () => [{}, {}], inner),
        fallback(pipeline({ name: "q", steps: [logging("c", log), fail] }), () => ({ late: 1 })),
      ] as AnyStep[],
    });
    // Later steps see the latest acquisition under a key; all are held.
    assertEquals(dataOf(await p.run()), { all: [{}, {}], late: 1 });
    assertEquals(log.filter((line) => line.startsWith("use")), [
      "use a1",
      "use a1",
      "use a2",
      "use a3",
      "use a4",
      "use a5",
    ]);
    const acquired = log.filter((line) => line.startsWith("+")).map((line) => line.slice(1));
    const released = log.filter((line) => line.startsWith("-")).map((line) => line.slice(1));
    assertEquals(released, acquired.toReversed());

    log.length = 0;
    const each = pipeline({ name: "each", steps: [map("all", () => [{}, {}], inner)] });
    assertEquals(dataOf(await each.run()), { all: [{}, {}] });
    assertEquals(log.filter((line) => line.startsWith("-")).length, 2);
  });

  it("may have no value, or the same value each time, as a lock has", async () => {
    const log: string[] = [];
    for (const value of [undefined, {}, 1]) {
      const lock = resource({
        name: "lock",
        acquire: () => Promise.resolve(void log.push("lock")).then(() => value),
        release: (locked) => void log.push(locked === value ? "free" : "wrong"),
      });
      const inner = pipeline({
        name: "inner",
        steps: [lock, step({ name: "n", run: () => ({ n: 1 }) })],
      });
      const result = await pipeline({ name: "p", steps: [inner, inner] }).run();
      assertEquals(dataOf(result), { n: 1 });
      assertEquals(log.splice(0), ["lock", "lock", "free", "free"]);
    }
    const lock = resource({ name: "lock", acquire: () => {}, release: () => {} });
    const result = await pipeline({ name: "p", steps: [lock] }).run();
    assertEquals(dataOf(result), {});
    // deno-lint-ignore ban-types -- as the compiler shows it
    if (result.success) assertType<IsExact<typeof result.data, Readonly<{}>>>(true);
  });

  it("is not replaced by an item of a collection that has its key", async () => {
    const log: string[] = [];
    const p = pipeline({
      name: "p",
      steps: [logging("a", log), map("all", () => [{ a: { id: "forged" } }], using(log))],
    });
    const { error, failedStep } = failureOf(await p.run());
    assertEquals([failedStep, error.message], [
      "map(all)[0]",
      "Cannot run 'map(all)[0]' as its item must not have the key 'a', which the run holds",
    ]);
    assertEquals(log, ["+a1", "-a1"]);
  });

  it("is disposed of by its own method, and refused if it has none", async () => {
    const log: string[] = [];
    const disposing = (symbol: symbol) =>
      resource({
        name: "a",
        acquire: () => ({ [symbol]: () => void log.push(symbol.description!) }),
      });
    for (const symbol of [Symbol.dispose, Symbol.asyncDispose]) {
      dataOf(await pipeline({ name: "p", steps: [disposing(symbol)] }).run());
    }
    assertEquals(log, [Symbol.dispose, Symbol.asyncDispose].map(({ description }) => description));
    const none = resource({ name: "a", acquire: () => ({}) });
    const { error, failedStep } = failureOf(await pipeline({ name: "p", steps: [none] }).run());
    assertEquals([failedStep, error.name], ["a", "ConfigError"]);
    assertEquals(
      error.message,
      "Cannot hold 'a' as 'release' or the value's Symbol.dispose must say how to release it",
    );
  });

  it("whose release fails is reported, and fails nothing", async () => {
    const log: string[] = [];
    const bad = resource({ name: "bad", acquire: () => 1, release: thrower });
    const p = pipeline({ name: "p", steps: [logging("a", log), bad] });
    const result = await p.run();
    assertEquals(dataOf(result), {});
    assertEquals(result.meta.notReleased?.map(({ step, error }) => [step, error]), [["bad", boom]]);
    assertEquals(log, ["+a1", "-a1"]);
  });

  it("is retried, and released at once if it lands late", async () => {
    const time = fakeTime();
    const slow = deferred<Connection>();
    const log: string[] = [];
    const late: LateReport[] = [];
    const a = resource({
      name: "a",
      retry: { count: 1 },
      timeout: 10,
      acquire: (_ctx, { attempt }) => attempt === 1 ? slow.promise : { id: "second" },
      release: ({ id }) => void log.push(`-${id}`),
    });
    const p = pipeline({
      name: "p",
      steps: [
        a,
        step({
          name: "use",
          run: async ({ a }: { a: Connection }) => {
            slow.resolve({ id: "first" });
            await slow.promise;
            await Promise.resolve();
            log.push(`use ${a.id}`);
          },
        }),
      ],
    });
    const running = p.run({}, { onLate: (report) => late.push(report) });
    await time.tickAsync(10);
    dataOf(await running);
    await time.tickAsync(1);
    assertEquals(log.toSorted(), ["-first", "-second", "use second"]);
    assertEquals(late.map(({ step, outcome }) => [step, outcome]), [["a", "compensated"]]);
  });

  it("is reported to 'onLate' if it is released after the run has ended, and that fails", async () => {
    const time = fakeTime();
    const slow = deferred<void>();
    const late: LateReport[] = [];
    const watches: Promise<unknown>[] = [];
    const bad = resource({ name: "bad", acquire: () => 1, release: thrower });
    const work = step({ name: "work", timeout: 10, run: () => slow.promise, rollback: () => {} });
    const running = pipeline({ name: "p", steps: [bad, work] }).run({}, {
      onLate: (report) => late.push(report),
      waitUntil: (watch) => watches.push(watch),
    });
    await time.tickAsync(10);
    failureOf(await running);
    slow.resolve();
    await Promise.all(watches);
    assertEquals(
      late.map(({ step, outcome, error, undo }) => [step, outcome, error, undo]),
      [["work", "compensated", undefined, undefined], ["bad", "failed", boom, true]],
    );
  });

  it("is held for an attempt that was given up until that has landed and is undone", async () => {
    const time = fakeTime();
    const slow = deferred<void>();
    const log: string[] = [];
    const watches: Promise<unknown>[] = [];
    const work = step({
      name: "work",
      timeout: 10,
      run: async ({ a }: { a: Connection }) => {
        await slow.promise;
        log.push(`landed with ${a.id}`);
        return { done: true };
      },
      rollback: ({ a }) => void log.push(`undo with ${a.id}`),
    });
    const p = pipeline({ name: "p", steps: [logging("a", log), work] });
    const running = p.run({}, { waitUntil: (watch) => watches.push(watch) });
    await time.tickAsync(10);
    failureOf(await running);
    assertEquals(log, ["+a1"]);
    slow.resolve();
    await Promise.all(watches);
    assertEquals(log, ["+a1", "landed with a1", "undo with a1", "-a1"]);
  });

  it("waits for an attempt that never settles no longer than 'lateMs'", async () => {
    const time = fakeTime();
    const log: string[] = [];
    const undos = [undefined, () => void log.push("by key")];
    for (const undoByKey of undos) {
      log.length = 0;
      const hanging = step({
        name: "hanging",
        timeout: 20,
        lateMs: 200,
        run: async (_ctx: { a: Connection }, { key }) => {
          await never();
          return { key };
        },
        rollback: () => void log.push("undo"),
        undoByKey,
      });
      const watches: Promise<unknown>[] = [];
      const p = pipeline({ name: "p", steps: [logging("a", log), hanging] });
      const running = p.run({}, { waitUntil: (watch) => void watches.push(watch) });
      await time.tickAsync(20);
      failureOf(await running);
      await time.tickAsync(199);
      assertEquals(log, ["+a1"]);
      await time.tickAsync(1);
      await Promise.all(watches);
      assertEquals(log, undoByKey ? ["+a1", "by key", "-a1"] : ["+a1", "-a1"]);
    }
  });

  it("is released when the run is aborted, even while it is acquired", async () => {
    const controller = new AbortController();
    const log: string[] = [];
    const aborting = step({ name: "abort", run: () => controller.abort() });
    const p = pipeline({ name: "p", steps: [logging("a", log), using(log), aborting, using(log)] });
    failureOf(await p.run({}, { signal: controller.signal }));
    assertEquals(log, ["+a1", "use a1", "undo with a1", "-a1"]);

    const second = new AbortController();
    const slow = deferred<Connection>();
    const watches: Promise<unknown>[] = [];
    const a = resource({
      name: "a",
      acquire: () => {
        second.abort();
        return slow.promise;
      },
      release: ({ id }) => void log.push(`-${id}`),
    });
    const options = { signal: second.signal, waitUntil: (w: Promise<unknown>) => watches.push(w) };
    failureOf(await pipeline({ name: "q", steps: [a] }).run({}, options));
    slow.resolve({ id: "late" });
    await Promise.all(watches);
    assertEquals(log.at(-1), "-late");
  });

  it("does not go through a host, and is released when a host interrupts the run", async () => {
    const log: string[] = [];
    const host = new RecordingHost();
    const p = pipeline({ name: "p", steps: [logging("a", log), using(log), using(log)] });
    dataOf(await p.run({}, { host }));
    assertEquals(host.ids, ["use@1", "use#2@1"]);
    for (const { ctx } of host.calls) assertEquals(ctx, {});
    log.length = 0;
    const suspending = new SuspendingHost(new RecordingHost(), (id) => id === "use#2@1");
    await assertRejects(() => p.run({}, { host: suspending }));
    assertEquals(log, ["+a2", "use a2", "-a2"]);
  });

  it("is released wherever a host interrupts the run, or its rollback", async () => {
    const log: string[] = [];
    const inside = pipeline({ name: "inside", steps: [logging("b", log), using(log)] });
    const outer = step({
      name: "outer",
      run: async (ctx: { a: Connection }, info) => void (await inside.run(ctx, info)),
    });
    const p = pipeline({ name: "p", steps: [logging("a", log), using(log), outer, fail] });
    const all = new RecordingHost();
    failureOf(await p.run({}, { host: all }));
    for (const interrupted of all.ids) {
      log.length = 0;
      const host = new SuspendingHost(new RecordingHost(), (id) => id === interrupted);
      await assertRejects(() => p.run({}, { host }));
      const acquired = log.filter((line) => line.startsWith("+")).map((line) => line.slice(1));
      const released = log.filter((line) => line.startsWith("-")).map((line) => line.slice(1));
      assertEquals(released, acquired.toReversed(), `interrupted at ${interrupted}`);
    }
    assertEquals(all.ids.filter((id) => id.includes("!")), ["outer@1!defer1", "use!undo"]);
  });

  it("is released if it is acquired after a host has interrupted the run", async () => {
    const log: string[] = [];
    const slow = deferred<Connection>();
    const release = ({ id }: Connection) => void log.push(`-${id}`);
    const a = resource({ name: "a", acquire: () => slow.promise, release });
    const quick = step({ name: "quick", run: () => {} });
    const host = new SuspendingHost(new RecordingHost(), (id) => id.endsWith("quick@1"));
    const p = pipeline({ name: "p", steps: [parallel(a, quick)] });
    await assertRejects(() => p.run({}, { host }));
    slow.resolve({ id: "late" });
    await drain();
    assertEquals(log, ["-late"]);
  });

  it("shows its release as a span of the run", async () => {
    const seen: RunEvent[] = [];
    const observer = events((event) => seen.push(event));
    const bad = resource({ name: "bad", acquire: () => 1, release: thrower });
    dataOf(await pipeline({ name: "p", steps: [bad] }).run({}, { observer }));
    const [start, end] = seen.filter(({ kind }) => kind === "release");
    assert(start?.type === "start" && end?.type === "end");
    assertEquals([start.id, start.path, start.parentId, end.ok], ["bad!undo", "bad", "", false]);
  });

  it("is refused at once when its definition is wrong", () => {
    const acquire = () => 1;
    assertThrows(() => resource({ name: "", acquire }), Error, "Cannot create a resource");
    assertThrows(
      () => resource({ name: "a", acquire: 1 as never }),
      Error,
      "Cannot create resource 'a' as 'acquire' must be a function: current value is 1",
    );
    assertThrows(
      () => resource({ name: "a", acquire, release: 1 as never }),
      Error,
      "Cannot create resource 'a' as 'release' must be a function or { run, retry, timeout }",
    );
    assertThrows(
      () => resource({ name: "a", acquire, timeout: 0 }),
      Error,
      "Cannot time 'a' as 'timeout' must be a number of milliseconds",
    );
  });
});
