import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { isRunsheetError, pipeline, step } from "@runsheet/runsheet";
import { durable } from "@runsheet/runsheet/durable";
import { Table } from "../support/kill_store.ts";
import { failureOf } from "../support/results.ts";

/** An order whose last step hangs, fails or succeeds; each worker has its own store. */
function order(log: string[], last: () => Promise<void>) {
  const logging = (name: string, pivot: boolean) =>
    step({
      name,
      pivot,
      run: () => void log.push(name),
      rollback: () => void log.push(`undo ${name}`),
    });
  return pipeline({
    name: "order",
    steps: [logging("charge", false), logging("ship", true), step({ name: "mail", run: last })],
  });
}

const fail = () => Promise.reject<void>(new Error("no mail"));

describe("a durable run with a pivot", () => {
  it("resumes forward in another process, and is not rolled back", async () => {
    for (let killAt = 2; killAt < 7; killAt += 0.5) {
      const table = new Table();
      const log: string[] = [];
      const store = table.worker(killAt);
      const run = (store: ReturnType<Table["worker"]>) =>
        durable(order(log, fail), { store }).run({}, { runId: "r" });
      const result = await Promise.race([store.death, run(store)]) || await run(table.worker());
      const { committed, failedStep, rollback } = failureOf(result);
      assertEquals([committed, failedStep, rollback.completed], ["ship", "mail", []], `${killAt}`);
      assertEquals(log.filter((line) => line.startsWith("undo")), []);
    }
  });

  it("ends without a rollback when it is cancelled after the pivot, in any process", async () => {
    const table = new Table();
    const log: string[] = [];
    const first = durable(order(log, () => new Promise<void>(() => {})), {
      store: table.worker(),
      lateMs: 5,
    });
    const running = first.run({}, { runId: "r" });
    while (!log.includes("ship")) await new Promise((resolve) => setTimeout(resolve));
    await first.cancel("r", "the customer left");
    const result = failureOf(await running);
    assert(isRunsheetError(result.error, "ABORTED"));
    assertEquals(result.committed, "ship");
    assertEquals(log, ["charge", "ship"]);
    const again = await durable(order(log, fail), { store: table.worker() }).run({}, {
      runId: "r",
    });
    assertEquals(failureOf(again).committed, "ship");
    assertEquals(log, ["charge", "ship"]);
  });
});
