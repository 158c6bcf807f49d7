import type { Store } from "@runsheet/runsheet/durable";
import type { Database } from "./database.ts";

/** Keeps durable runs in the table `runs`. */
export function runStore(db: Database): Store {
  return {
    async load(run, from) {
      const rows = await db`
        select row from runs where run = ${run} and seq >= ${from} order by seq`;
      return rows.map(({ row }) => String(row));
    },
    async append(run, seq, row) {
      const { count } = await db`
        insert into runs (run, seq, row) values (${run}, ${seq}, ${row}) on conflict do nothing`;
      return count === 1;
    },
    async list() {
      const runs = await db`select distinct run from runs`;
      return runs.map(({ run }) => String(run));
    },
  };
}
