// Runs inside a step whose attempts are given up, retried or not undone: each has effects of its own.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { FakeTime } from "@std/testing/time";
import {
  type AnyStep,
  fallback,
  isRunsheetError,
  type LateReport,
  map,
  pipeline,
  resource,
  type RunInfo,
  type RunOptions,
  step,
  unwrap,
} from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Lets time pass in steps, as timers are set by what follows other timers. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  for (let n = 0; n < ms; n++) await time.tickAsync(1);
}

/** A pipeline that charges under its key, after as many ms as `delays` says for each charge. */
function charging(charges: Set<string>, ...delays: number[]) {
  const charge = step({
    name: "charge",
    run: async (_ctx, { key }) => {
      await wait(delays.shift() ?? 1);
      charges.add(key);
      return { chargeId: key };
    },
    rollback: async (_ctx, { chargeId }) => {
      await wait(1);
      charges.delete(chargeId);
    },
  });
  return pipeline({ name: "payment", steps: [charge] });
}

describe("runs inside a step", () => {
  const { fakeTime } = cleanups();

  it("have keys of their own in one attempt, side by side or in turn", async () => {
    const time = fakeTime();
    const charges = new Set<string>();
    const payment = charging(charges);
    const pay = step({
      name: "pay",
      run: async (_ctx, info) => {
        unwrap(await payment.run({}, info));
        await Promise.all([payment.run({}, { ...info }), payment.run({}, { ...info, runId: "x" })]);
        unwrap(await payment.run({}, info));
      },
    });
    const running = pipeline({ name: "order", steps: [pay] }).run({}, { runId: "r" });
    await pass(time, 10);
    dataOf(await running);
    assertEquals([...charges], [
      "r/order/pay@1/payment/charge",
      "r/order/pay@1#2/payment/charge",
      "x/payment/charge",
      "r/order/pay@1#4/payment/charge",
    ]);
  });

  it("are refused and undone in an idempotent step, whose attempts would have several effects", async () => {
    const time = fakeTime();
    const charges = new Set<string>();
    const payment = charging(charges);
    const pay = step({
      name: "pay",
      idempotent: true,
      run: async (_ctx, info) => unwrap(await payment.run({}, info)),
    });
    const running = pipeline({ name: "order", steps: [pay] }).run({});
    await pass(time, 10);
    assertEquals(
      failureOf(await running).error.message,
      "Cannot run 'payment' in 'pay' as an idempotent step must not run what can be undone: put " +
        "'payment' into 'steps', or leave out 'idempotent'",
    );
    assertEquals(charges.size, 0);
  });

  it("end before a step that has timed out is retried, so that a pivot inside prevents it", async () => {
    const time = fakeTime();
    let shipped = 0;
    const ship = step({ name: "ship", pivot: true, run: () => void shipped++ });
    const slow = step({
      name: "slow",
      retry: { count: 0 },
      run: async (_ctx, { signal }) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw signal.reason;
      },
    });
    const fulfil = pipeline({ name: "fulfil", steps: [ship, slow] });
    const runs = step({
      name: "runs",
      timeout: 20,
      retry: { count: 2 },
      run: async (_ctx, info) => void unwrap(await fulfil.run({}, info)),
    });
    const running = pipeline({ name: "order", steps: [runs] }).run({}, { onLate: () => {} });
    await pass(time, 100);
    const { error, rollback } = failureOf(await running);
    assert(isRunsheetError(error, "ROLLBACK"));
    assertEquals([shipped, rollback.failed.map(({ step }) => step)], [1, ["runs (deferred)"]]);
  });

  it("that their attempt has not waited for are handed to the outer run", async () => {
    const time = fakeTime();
    const log: string[] = [];
    const connection = resource({
      name: "connection",
      acquire: () => ({}),
      release: () => log.push("release"),
    });
    const flight = step({
      name: "flight",
      run: async () => {
        await wait(40);
        log.push("book");
      },
      rollback: async () => {
        await wait(10);
        log.push("cancel");
      },
    });
    const booking = pipeline({ name: "booking", steps: [flight] });
    const full = pipeline({ name: "full", steps: [fail] });
    const trip = step({
      name: "trip",
      run: async (_ctx, info) =>
        void await Promise.all([booking, full].map(async (p) => unwrap(await p.run({}, info)))),
    });
    const watches: Promise<unknown>[] = [];
    const running = pipeline({ name: "order", steps: [connection, trip] }).run({}, {
      waitUntil: (watch) => void watches.push(watch),
    });
    await pass(time, 5);
    failureOf(await running);
    assertEquals([log, watches.length], [[], 2]); // the run inside, and the release
    const settling = Promise.all(watches);
    await pass(time, 60);
    await settling;
    assertEquals(log, ["book", "cancel", "release"]);
  });

  it("that passed their pivot and failed let nothing continue, as they are not undone", async () => {
    const log: string[] = [];
    const inner = pipeline({
      name: "fulfil",
      steps: [step({ name: "ship", pivot: true, run: () => void log.push("ship") }), fail],
    });
    const run = async (_ctx: object, info: RunInfo) => void unwrap(await inner.run({}, info));
    const once = step({ name: "once", run });
    const instead = step({ name: "instead", run: () => void log.push("instead") });
    const around = [
      pipeline({ name: "p", steps: [step({ name: "again", retry: { count: 1 }, run })] }),
      pipeline({ name: "p", retry: { count: 1 }, steps: [once] }),
      pipeline({ name: "p", steps: [fallback(once, instead)] }),
    ];
    for (const p of around) {
      log.length = 0;
      const { error, rollback } = failureOf(await p.run());
      assert(isRunsheetError(error, "ROLLBACK"));
      assertEquals(rollback.failed.map(({ error }) => error.message), [
        "Cannot undo the run of 'fulfil' as its pivot 'ship' has committed it",
      ]);
      assertEquals(log, ["ship"]);
    }
    const each = map("all", () => [1], once, { as: "n", onFailure: "collect" });
    const { all: [item] } = dataOf(await pipeline({ name: "p", steps: [each] }).run());
    assert(item && "error" in item && isRunsheetError(item.error, "ROLLBACK"));
  });

  it("that passed their pivot are reported as not undone if the outer run fails", async () => {
    const ship = step({ name: "ship", pivot: true, run: () => {} });
    const inner = pipeline({ name: "fulfil", steps: [ship] });
    const outer = step({
      name: "outer",
      run: async (_ctx, info) => void unwrap(await inner.run({}, info)),
    });
    const result = failureOf(await pipeline({ name: "p", steps: [outer, fail] }).run());
    assertEquals([result.error, result.committed], [boom, undefined]);
    assertEquals(result.rollback.failed.map(({ step, error }) => [step, error.message]), [
      ["outer (deferred)", "Cannot undo the run of 'fulfil' as its pivot 'ship' has committed it"],
    ]);
  });

  const ways: Record<string, [isLost: boolean, own: Partial<RunOptions>]> = {
    "succeeds": [false, { signal: undefined }],
    "fails": [true, { signal: undefined }],
    "is cancelled": [false, {}],
  };
  for (const [how, [isLost, own]] of Object.entries(ways)) {
    it(`are undone when their attempt ${how} late, and another one has succeeded`, async () => {
      const time = fakeTime();
      const charges = new Set<string>();
      const payment = charging(charges, 60);
      const pay = step({
        name: "pay",
        timeout: 30,
        retry: { count: 1 },
        run: async (_ctx, info) => {
          unwrap(await payment.run({}, { ...info, ...own }));
          if (isLost && info.attempt === 1) throw boom;
          return { isPaid: true }; // by all attempts, though each has charged for itself
        },
      });
      const running = pipeline({ name: "order", steps: [pay] }).run({}, { runId: "r" });
      await pass(time, 100);
      dataOf(await running);
      assertEquals([...charges], ["r/order/pay@2/payment/charge"]);
    });
  }

  it("whose undo fails late are reported to the outer run", async () => {
    const time = fakeTime();
    const reports: LateReport[] = [];
    let count = 0;
    const charge = step({
      name: "charge",
      run: () => ({ id: ++count }),
      rollback: (_ctx, { id }) => {
        if (id === 1) throw boom;
      },
    });
    const slow = step({ name: "slow", run: () => wait(count === 1 ? 60 : 1) });
    const payment = pipeline({ name: "payment", steps: [charge, slow] });
    const pay = step({
      name: "pay",
      timeout: 30,
      retry: { count: 1 },
      run: async (_ctx, info) => unwrap(await payment.run({}, { ...info, signal: undefined })),
    });
    const onLate = (report: LateReport) => reports.push(report);
    const running = pipeline({ name: "order", steps: [pay] }).run({}, { onLate });
    await pass(time, 100);
    dataOf(await running);
    const told = reports.map(({ step, attempt, outcome }) => [step, attempt, outcome]);
    assertEquals(told, [["pay", 1, "failed"]]);
  });

  for (const holder of ["outer", "inner"]) {
    it(`hand what they do not wait for to the outer run, and the ${holder} one holds its resources for it`, async () => {
      const time = fakeTime();
      const log: string[] = [];
      const connection = resource({
        name: "connection",
        acquire: () => ({ log: (line: string) => log.push(line) }),
        release: async () => {
          await wait(1);
          log.push("release");
        },
      });
      const charge = step({
        name: "charge",
        timeout: 10,
        run: async ({ connection }: { connection: { log(line: string): unknown } }) => {
          await wait(40);
          connection.log("charge");
        },
        rollback: ({ connection }) => connection.log("undo"),
      });
      const steps: AnyStep[] = holder === "inner" ? [connection, charge] : [charge];
      const payment = pipeline({ name: "payment", steps });
      const pay = step({
        name: "pay",
        run: async (ctx: object, info) => void unwrap(await payment.run(ctx as never, info)),
      });
      const order = pipeline({
        name: "order",
        steps: (holder === "outer" ? [connection, pay] : [pay]) as AnyStep[],
      });
      const watches: Promise<unknown>[] = [];
      const running = order.run({} as never, {
        onLate: ({ step, outcome }) => log.push(`${step} ${outcome}`),
        waitUntil: (watch) => void watches.push(watch),
      });
      await pass(time, 20);
      failureOf(await running);
      assertEquals([log, watches.length], [[], 2]); // the charge, and the release
      const settling = Promise.all(watches);
      await pass(time, 40);
      await settling;
      assertEquals(log, ["charge", "undo", "pay/charge compensated", "release"]);
    });
  }
});
