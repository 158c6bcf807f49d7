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
    async append(run, seq, row, isEnd) {
      const { count } = await db`
        insert into runs (run, seq, row, ended) values (${run}, ${seq}, ${row}, ${isEnd})
        on conflict do nothing`;
      return count === 1;
    },
    async list({ open }) {
      const runs = await db`
        select run from runs where seq = 0
           and (not ${open} or run not in (select run from runs where ended))`;
      return runs.map(({ run }) => String(run));
    },
  };
}
