import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { durable } from "@runsheet/runsheet/durable";
import { Table } from "../support/kill_store.ts";
import { dataOf, failureOf } from "../support/results.ts";

/** Runs a pipeline that is retried, with a worker that is killed and another after it. */
async function run(killAt: number, timesOut: boolean, failures: number) {
  const table = new Table();
  const live = new Set<string>();
  const log: string[] = [];
  const work = async (killAt: number) => {
    const store = table.worker(killAt);
    const ifAlive = (act: () => void) => store.isDead ? new Promise<never>(() => {}) : act();
    const hold = step({
      name: "hold",
      run: (_ctx, { key }) => {
        ifAlive(() => {
          live.add(key);
          log.push(key);
        });
        return { hold: key };
      },
      rollback: (_ctx, { hold }) =>
        ifAlive(() => {
          live.delete(hold);
          log.push(`undo ${hold}`);
        }),
    });
    const confirm = step({
      name: "confirm",
      run: ({ hold }: { hold: string }, { signal }) => {
        const attempt = Number(/@(\d+)/.exec(hold)?.[1] ?? 1);
        if (attempt > failures) return;
        if (!timesOut) throw new Error(`attempt ${attempt}`);
        return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      },
    });
    const booking = pipeline({
      name: "booking",
      steps: [hold, confirm],
      retry: {
        // A slow machine may need more attempts, if they have a timeout.
        count: timesOut ? Infinity : 1,
        delay: 1,
        retryIf: ({ length }) => log.push(`asked ${length}`) > 0,
      },
      ...(timesOut && { timeout: 40 }),
    });
    const trip = pipeline({ name: "trip", steps: [booking] });
    const runs = durable(trip, { store, lateMs: 5 });
    return await Promise.race([store.death, runs.run({}, { runId: "r" })]);
  };
  const result = await work(killAt) || await work(Infinity);
  assert(result);
  return { result, live: [...live], log };
}

describe("a durable pipeline with 'retry'", () => {
  it("continues with the attempt that it was in", async () => {
    for (let killAt = 2; killAt < 9; killAt += 0.5) {
      const { result, live, log } = await run(killAt, false, 1);
      assertEquals(dataOf(result), { hold: "r/trip/booking@2/hold" }, `${killAt}`);
      assertEquals(live, ["r/trip/booking@2/hold"]);
      const undone = log.indexOf("undo r/trip/booking/hold");
      assert(log.lastIndexOf("r/trip/booking/hold") < undone);
      assert(undone < log.indexOf("r/trip/booking@2/hold"));
    }
  });

  it("does not undo the decision of a timeout that has ended an attempt", async () => {
    for (const killAt of [3, 3.5, 4, 4.5, 5.5]) {
      const { result, live, log } = await run(killAt, true, 1);
      assertEquals(live, [dataOf(result).hold]);
      const undone = log.indexOf("undo r/trip/booking/hold");
      assert(0 < undone && undone < log.indexOf("r/trip/booking@2/hold"));
    }
  });

  it("leaves nothing behind when its attempts are exhausted", async () => {
    for (let killAt = 2; killAt < 11; killAt += 0.5) {
      const { result, live } = await run(killAt, false, 2);
      const { failedStep, rollback } = failureOf(result);
      assertEquals([live, failedStep], [[], "booking/confirm"]);
      assertEquals(rollback.completed, ["booking/hold", "booking/hold"]);
    }
  });

  it("asks 'retryIf' once, as its answer is recorded", async () => {
    const { log } = await run(7, false, 1);
    assertEquals(log.filter((line) => line === "asked 1").length, 1);
  });
});
