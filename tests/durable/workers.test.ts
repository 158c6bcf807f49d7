import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { pipeline, sleep, step, waitFor } from "@runsheet/runsheet";
import { durable, type Store } from "@runsheet/runsheet/durable";
import { deferred } from "../support/deferred.ts";
import { Table } from "../support/kill_store.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { until } from "../support/until.ts";

describe("a worker that is stopped", () => {
  it("leaves a run that waits to others, and begins and resumes no more runs", async () => {
    const table = new Table();
    const make = () =>
      durable(pipeline({ name: "p", steps: [waitFor("go"), sleep("days", 86_400_000)] }), {
        store: table.worker(),
      });
    const [worker, other] = [make(), make()];
    const running = worker.run({}, { runId: "r" });
    await until(async () => (await other.list())[0]?.state === "waiting");
    await worker.stop();
    const { failedStep, error } = failureOf(await running);
    assertEquals([failedStep, error.message], [
      "<stopped>",
      "Cannot continue run 'r' here as this worker has been stopped",
    ]);
    await worker.send("r", "go");
    assertEquals(await worker.resume(), []);
    assertEquals(failureOf(await worker.run({}, { runId: "new" })).failedStep, "<stopped>");
    assertEquals((await other.list()).map(({ runId }) => runId), ["r"]);
    await other.resume();
    await other.cancel("r");
    assertEquals((await other.resume()).length, 1);
  });

  it("stops only after the runs at work have ended", async () => {
    const open = deferred();
    const log: string[] = [];
    const worker = durable(
      step({
        name: "work",
        run: async () => {
          log.push("at work");
          await open.promise;
          return { done: true };
        },
      }),
      { store: new Table().worker() },
    );
    const running = worker.run({}, { runId: "r" });
    await until(() => Promise.resolve(log.length > 0));
    const stopping = worker.stop().then(() => log.push("stopped"));
    open.resolve();
    assertEquals(dataOf(await running), { done: true });
    await stopping;
    assertEquals(log, ["at work", "stopped"]);
  });
});

describe("the list of runs that are open", () => {
  it("leaves out those that have ended, whether the store does or not", async () => {
    for (const knows of [true, false]) {
      const worker = new Table().worker();
      const loads: string[] = [];
      const store: Store = {
        append: worker.append.bind(worker),
        load(runId, from) {
          loads.push(runId);
          return worker.load(runId, from);
        },
        list: ({ open }) => worker.list({ open: open && knows }),
      };
      const runs = durable(step({ name: "one", run: () => {} }), { store });
      await runs.run({}, { runId: "ended" });
      await runs.send("early", "event");
      loads.length = 0;
      assertEquals(await runs.list({ open: true }), []);
      assertEquals(loads, knows ? ["early"] : ["ended", "early"]);
      assertEquals(await runs.resume(), []);
      assertEquals((await runs.list()).map(({ runId }) => runId), ["ended"]);
    }
  });
});
