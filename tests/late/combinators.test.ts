import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  distribute,
  filter,
  flatMap,
  type ItemInfo,
  map,
  parallel,
  pipeline,
  type Result,
  type RunOptions,
  step,
} from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { type Deferred, deferred, drain } from "../support/deferred.ts";
import { landing, listening } from "../support/landing.ts";
import { failureOf } from "../support/results.ts";
import { boom } from "../support/steps.ts";

interface Runnable {
  run(args: Record<never, never>, options: RunOptions): Promise<Result<unknown>>;
}

/** Work on two items at once: each defers an undo before and after its gate. */
function working() {
  const gates: Deferred<void>[] = [deferred(), deferred()];
  const log: string[] = [];
  const work = async (n: number, { defer }: Pick<ItemInfo, "defer">) => {
    defer(() => void log.push(`undo early ${n}`));
    await gates[n]!.promise;
    defer(() => void log.push(`undo late ${n}`));
  };
  const each = step({ name: "each", run: (ctx: { n: number }, info) => work(ctx.n, info) });
  return { gates, log, work, each };
}

/** The same work in each combinator, and the paths of its items. */
const groups: Record<
  string,
  (work: ReturnType<typeof working>) => [Runnable, (n: number) => string]
> = {
  "a mapper": ({ work }) => [
    map("m", () => [0, 1], (n, _ctx, info) => work(n, info)),
    (n) => `map(m)[${n}]`,
  ],
  "a map's step": ({ each }) => [
    map("m", () => [0, 1], each, { as: "n" }),
    (n) => `map(m)[${n}]/each`,
  ],
  "a filter's predicate": ({ work }) => [
    filter("f", () => [0, 1], (n, _ctx, info) => work(n, info).then(() => true)),
    (n) => `filter(f)[${n}]`,
  ],
  "a flatMap's mapper": ({ work }) => [
    flatMap("f", () => [0, 1], (n, _ctx, info) => work(n, info).then(() => [n])),
    (n) => `flatMap(f)[${n}]`,
  ],
  "a distributed step": ({ each }) => {
    const each2 = distribute("d", { ns: "n" }, each);
    const run = (_: unknown, options: RunOptions) => each2.run({ ns: [0, 1] }, options);
    return [{ run }, (n) => `distribute(d)[${n}]/each`];
  },
};

describe("an attempt that lands after a caller's abort", () => {
  for (const [name, make] of Object.entries(groups)) {
    it(`has its deferred undos run once, when it has settled: ${name}`, async () => {
      const work = working();
      const [runnable, path] = make(work);
      const { reports, watches, options } = listening();
      const aborter = new AbortController();
      const running = runnable.run({}, { ...options, signal: aborter.signal });
      await drain();
      aborter.abort();
      const { rollback } = failureOf(await running);
      assertEquals(rollback, { completed: [], failed: [] });
      work.gates[1]!.resolve();
      await drain();
      work.gates[0]!.reject(boom);
      await Promise.all(watches);
      assertEquals(work.log, ["undo late 1", "undo early 1", "undo early 0"]);
      assertEquals(reports, [`${path(1)}@1 compensated`, `${path(0)}@1 rejected: boom`]);
    });
  }
});

describe("an attempt that lands after a sibling has failed", () => {
  const { fakeTime } = cleanups();

  it("is awaited, and undone with the run like one that has succeeded", async () => {
    const { reports, watches, options } = listening();
    const log: string[] = [];
    const charge = landing("charge", log);
    const sibling = landing("sibling", log);
    const running = parallel(charge.step, sibling.step).run({}, options);
    await drain();
    sibling.fail(1, boom);
    await drain();
    charge.land(1);
    const { rollback } = failureOf(await running);
    assertEquals(rollback.completed, ["parallel(charge, sibling)/charge"]);
    assertEquals(log.slice(2), ["undo charge1"]);
    assertEquals([reports, watches], [[], []]);
  });

  it("is undone late when its own timeout, or the caller, has ended that wait", async () => {
    const time = fakeTime();
    for (const ends of ["timeout", "abort"]) {
      const { reports, watches, options } = listening();
      const log: string[] = [];
      const aborter = new AbortController();
      const charge = landing("charge", log, ends === "timeout" ? { timeout: 50 } : {});
      const sibling = landing("sibling", log);
      const p = pipeline({ name: "p", steps: [parallel(charge.step, sibling.step)] });
      const running = p.run({}, { ...options, signal: aborter.signal });
      await drain();
      sibling.fail(1, boom);
      await time.tickAsync(50);
      if (ends === "abort") aborter.abort();
      assertEquals(failureOf(await running).rollback.completed, []);
      charge.land(1);
      await Promise.all(watches);
      assertEquals(log.slice(2), ["undo charge1"]);
      assertEquals(reports, ["parallel(charge, sibling)/charge@1 compensated"]);
    }
  });

  it("is undone in its place when it lands within its grace period", async () => {
    const time = fakeTime();
    const log: string[] = [];
    const first = landing("first", log);
    const charge = landing("charge", log, { timeout: 50, graceMs: 20 });
    const last = landing("last", log);
    const sibling = landing("sibling", log);
    const p = parallel(first.step, charge.step, last.step, sibling.step);
    const running = p.run({});
    await drain();
    last.land(1);
    sibling.fail(1, boom);
    first.land(1);
    await time.tickAsync(50);
    charge.land(1);
    failureOf(await running);
    assertEquals(log.slice(4), ["undo last1", "undo charge1", "undo first1"]);
  });
});

describe("an attempt among several that land late", () => {
  const { fakeTime } = cleanups();

  for (const order of [[1, 2, 3], [3, 1, 2], [2, 3, 1]]) {
    it(`is undone with its own output when they land in the order ${order}`, async () => {
      const time = fakeTime();
      const { reports, watches, options } = listening();
      const log: string[] = [];
      const charge = landing("charge", log, { timeout: 50, retry: { count: 2 } });
      const running = charge.step.run({}, options);
      for (let n = 0; n < 3; n++) await time.tickAsync(50);
      failureOf(await running);
      for (const attempt of order) charge.land(attempt);
      await Promise.all(watches);
      assertEquals(log.slice(3), order.map((attempt) => `undo charge${attempt}`));
      assertEquals(reports, order.map((attempt) => `charge@${attempt} compensated`));
    });
  }
});
