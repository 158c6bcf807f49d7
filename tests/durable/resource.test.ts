import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { pipeline, resource, step } from "@runsheet/runsheet";
import { durable } from "@runsheet/runsheet/durable";
import { Table } from "../support/kill_store.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom } from "../support/steps.ts";

interface Connection {
  readonly of: string;
}

/** A pipeline of one process, which logs what its connection is used for. */
function flowOf(process: string, log: string[], ship: () => unknown, connect = () => {}) {
  return pipeline({
    name: "order",
    steps: [
      resource({
        name: "connection",
        acquire: (): Connection => {
          connect();
          log.push(`${process} acquires`);
          return { of: process };
        },
        release: (connection) => void log.push(`${process} releases that of ${connection.of}`),
      }),
      step({
        name: "reserve",
        run: ({ connection }: { connection: Connection }) => {
          log.push(`reserve by ${connection.of}`);
          return { reserved: true };
        },
        rollback: ({ connection }) => void log.push(`undo by ${connection.of}`),
      }),
      step({
        name: "ship",
        run: async ({ connection }: { connection: Connection }) => {
          log.push(`ship by ${connection.of}`);
          await ship();
          return { shipped: true };
        },
      }),
    ],
  });
}

describe("a durable run", () => {
  it("acquires a resource again in the process that continues it, and does not record it", async () => {
    for (const fails of [false, true]) {
      const table = new Table();
      const first = table.worker();
      const log: string[] = [];
      const dying = flowOf("one", log, () => {
        first.kill();
        return new Promise(() => {});
      });
      void durable(dying, { store: first }).run({}, { runId: "r" });
      await first.death;
      const second = flowOf("two", log, () => fails ? Promise.reject(boom) : undefined);
      const result = await durable(second, { store: table.worker() }).run({}, { runId: "r" });
      if (fails) assertEquals(failureOf(result).rollback.completed, ["reserve"]);
      else assertEquals(dataOf(result), { reserved: true, shipped: true });
      assertEquals(log, [
        "one acquires",
        "reserve by one",
        "ship by one",
        "two acquires",
        "ship by two",
        ...fails ? ["undo by two"] : [],
        "two releases that of two",
      ]);
      assert(!table.rows.get("r")!.join().includes('"of"'));
    }
  });

  it("does not end in a process that cannot acquire a resource, and continues in one that can", async () => {
    const table = new Table();
    const log: string[] = [];
    const down = flowOf("one", log, () => {}, () => {
      throw boom;
    });
    const stopped = await durable(down, { store: table.worker() }).run({}, { runId: "r" });
    const { failedStep, error } = failureOf(stopped);
    assertEquals([failedStep, error], ["<options>", boom]);
    assertEquals(log, []);
    table.endLeases();
    const up = durable(flowOf("two", log, () => {}), { store: table.worker() });
    assertEquals(dataOf(await up.run({}, { runId: "r" })), { reserved: true, shipped: true });
    assertEquals(log.at(-1), "two releases that of two");
  });
});
