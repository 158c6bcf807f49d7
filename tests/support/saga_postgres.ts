import postgres from "postgres";
import { endLeases } from "./kill_store.ts";
import { postgresStore } from "./postgres_store.ts";
import type { SagaStore } from "./saga_store.ts";

/** A store over the table `runs` of a database of PostgreSQL. */
export function sagaPostgres(url: string): SagaStore {
  const sql = postgres(url, { max: 2 });
  return {
    ...postgresStore(sql),
    async endLeases() {
      const leases = await sql`select * from runs where row like '%"kind":"lease"%'`;
      for (const { run, seq, row } of leases) {
        await sql`update runs set row = ${endLeases(row)} where run = ${run} and seq = ${seq}`;
      }
    },
    close: () => sql.end(),
  };
}
