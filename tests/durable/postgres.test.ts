import { after, before, describe, it } from "node:test";
import process from "node:process";
import { assertEquals } from "@std/assert";
import postgres from "postgres";
import { map, parallel, pipeline, step } from "@runsheet/runsheet";
import { durable, type Store } from "@runsheet/runsheet/durable";
import { assertConforms, conform, type ConformOptions } from "@runsheet/runsheet/testing";
import { assertSurvivesKills, type Effect } from "../support/killed_orders.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { postgresStore } from "../support/postgres_store.ts";
import { processTarget } from "../support/process_target.ts";
import { dataOf, failureOf } from "../support/results.ts";

const waitMs = 1_000;
// Processes start slowly, so it kills at only some moments; with RUNSHEET_KILLS=all, at all.
const kills: ConformOptions = process.env.RUNSHEET_KILLS === "all"
  ? {}
  : { every: 24, endings: ["fails", "times out"] };

async function createRuns(db: postgres.Sql): Promise<void> {
  await db`create table runs (run text, seq integer, row text, primary key (run, seq))`;
}

describe("a durable run over PostgreSQL", () => {
  let server: Postgres;
  let sql: postgres.Sql;

  before(async () => {
    server = await startPostgres();
    sql = postgres(server.url, { onnotice: () => {} });
    await createRuns(sql);
  });
  after(async () => {
    await sql.end();
    await server.stop();
  });

  function flow(live: Set<string>, how: { dies?: boolean; fails?: boolean }) {
    const effect = (name: string) =>
      step({
        name,
        run: (_ctx, { key }) => {
          live.add(key);
          return { [name]: key };
        },
        rollback: (_ctx, _output, { effectKey }) => void live.delete(effectKey),
      });
    return pipeline({
      name: "order",
      steps: [
        effect("reserve"),
        parallel(effect("charge"), effect("label")),
        map("mails", () => ["ann", "bob"], (to) => to),
        step({
          name: "ship",
          run: async () => {
            if (how.dies) await new Promise(() => {});
            if (how.fails) throw new Error("no courier");
          },
        }),
      ],
    });
  }

  for (const fails of [false, true]) {
    it(`is continued by another worker, and ${fails ? "undone" : "completed"}`, async () => {
      const runId = `order-${fails}`;
      const live = new Set<string>();
      // This worker hangs, and has stopped renewing its lease.
      const silent: Store = {
        ...postgresStore(sql),
        append: async (run, seq, row, isEnd) =>
          seq > 1 && row.includes('"kind":"lease"')
            ? await new Promise(() => {})
            : await postgresStore(sql).append(run, seq, row, isEnd),
      };
      durable(flow(live, { dies: true }), { store: silent, leaseMs: 200 }).run({}, { runId });
      const next = durable(flow(live, { fails }), { store: postgresStore(sql), leaseMs: 200 });
      let [result] = await next.resume();
      while (!result) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        [result] = await next.resume();
      }
      if (fails) {
        assertEquals(failureOf(result).rollback.completed.length, 3);
        assertEquals([...live], []);
      } else {
        assertEquals(dataOf(result).mails, ["ann", "bob"]);
        assertEquals(live.size, 3);
      }
    });
  }

  it("is driven by one of several workers that begin at once", async () => {
    let effects = 0;
    const one = step({
      name: "one",
      run: async () => {
        effects++;
        await new Promise((resolve) => setTimeout(resolve, 50));
        return { effects };
      },
    });
    const workers = [1, 2, 3].map(() =>
      durable(one, { store: postgresStore(sql), leaseMs: 5_000 })
    );
    const results = await Promise.all(workers.map((worker) => worker.run({}, { runId: "one" })));
    assertEquals(results.map(dataOf), Array(3).fill({ effects: 1 }));
  });

  it("ends the same wherever SIGKILL strikes its process", async () => {
    await sql`create table effects (key text primary key, name text, undone integer)`;
    await assertSurvivesKills({
      script: "durable_order_postgres",
      where: () => server.url,
      effectsOf: async (runId) =>
        await sql<Effect[]>`
          select key, name, undone > 0 as undone from effects
           where position(${runId} in key) > 0 order by key collate "C"`,
    });
  });

  it("ends a saga as if its processes had not been killed", async () => {
    const target = processTarget(waitMs, async () => {
      const url = await server.newDatabase();
      const db = postgres(url, { max: 1 });
      await createRuns(db);
      await db.end();
      return url;
    });
    const options = { ...kills, waitMs, concurrency: 4, patienceMs: 600_000 };
    assertConforms(await conform(target, options));
  });
});
