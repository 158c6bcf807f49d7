import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { deps, pipeline, step } from "@runsheet/runsheet";
import { durable } from "@runsheet/runsheet/durable";
import { type } from "arktype";
import { Table } from "../support/kill_store.ts";
import { dataOf, failureOf } from "../support/results.ts";

describe("a durable run in another process", () => {
  it("has the deps of that process, which are in no row", async () => {
    interface Db {
      put(id: string): Promise<string>;
    }
    const p = pipeline({
      name: "p",
      deps: deps<{ db: Db }>(),
      steps: [
        step({ name: "one", run: () => ({ one: 1 }) }),
        step({
          name: "two",
          run: async ({ db, id }: { db: Db; id: string }) => ({ row: await db.put(id) }),
        }),
      ],
    });
    const table = new Table();
    const first = table.worker();
    const dying: Db = {
      put() {
        first.kill();
        return new Promise(() => {});
      },
    };
    void durable(p, { store: first, deps: { db: dying } }).run({ id: "a" }, { runId: "r" });
    await first.death;
    const db: Db = { put: (id) => Promise.resolve(`row of ${id}`) };
    const second = durable(p, { store: table.worker(), deps: { db } });
    const data = dataOf(await second.run({ id: "a" }, { runId: "r" }));
    assertEquals(data, { id: "a", one: 1, row: "row of a" });
    // Quoted, as the id of a worker may contain these letters.
    assert(!table.rows.get("r")!.join().includes('"db"'));
  });

  it("does not end in a process whose deps are not those that its pipeline declares", async () => {
    const p = pipeline({ name: "p", deps: type({ db: "object" }), steps: [] });
    const table = new Table();
    const make = (db: unknown) => durable(p, { store: table.worker(), deps: { db: db as object } });
    const { failedStep, error } = failureOf(await make("none").run({}, { runId: "r" }));
    assertEquals(failedStep, "<options>");
    assertEquals(
      error.message,
      "Cannot run 'p' as its deps must be what 'deps' says: db must be an object (was a string)",
    );
    table.endLeases();
    assertEquals(dataOf(await make({}).run({}, { runId: "r" })), {});
  });
});
