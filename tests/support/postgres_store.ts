import type postgres from "postgres";
import type { Store } from "@runsheet/runsheet/durable";

/** The table that docs/durable.md shows. */
export function postgresStore(sql: postgres.Sql): Store {
  return {
    async load(run, from) {
      const rows =
        await sql`select row from runs where run = ${run} and seq >= ${from} order by seq`;
      return rows.map(({ row }) => String(row));
    },
    async append(run, seq, row) {
      const result =
        await sql`insert into runs values (${run}, ${seq}, ${row}) on conflict do nothing`;
      return result.count === 1;
    },
    async list() {
      return (await sql`select distinct run from runs`).map(({ run }) => String(run));
    },
  };
}
