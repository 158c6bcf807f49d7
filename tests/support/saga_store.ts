import type { Store } from "@runsheet/runsheet/durable";
import { endLeases } from "./kill_store.ts";
import { sagaPostgres } from "./saga_postgres.ts";
import { sqlite } from "./sqlite.ts";

/** A store that outlives its workers. */
export interface SagaStore extends Store {
  /** Ends the leases of workers that are dead, or are not awaited. */
  endLeases(): void | Promise<void>;
  close(): void | Promise<void>;
}

/** A store over a file of SQLite, or over a database of PostgreSQL by its URL. */
export function openSagaStore(place: string): SagaStore {
  return place.startsWith("postgres:") ? sagaPostgres(place) : sagaStore(place);
}

function sagaStore(path: string): SagaStore {
  const db = new sqlite!.DatabaseSync(path);
  db.exec("pragma busy_timeout = 10000");
  db.exec(
    "create table if not exists runs (run text, seq integer, row text, primary key (run, seq))",
  );
  const rows = db.prepare("select row from runs where run = ? and seq >= ? order by seq");
  const insert = db.prepare("insert into runs values (?, ?, ?) on conflict do nothing");
  const ids = db.prepare("select distinct run from runs");
  const leases = db.prepare('select run, seq, row from runs where row like \'%"kind":"lease"%\'');
  const update = db.prepare("update runs set row = ? where run = ? and seq = ?");
  return {
    load: (run, from) => rows.all(run, from).map(({ row }) => String(row)),
    append: (run, seq, row) => insert.run(run, seq, row).changes === 1,
    list: () => ids.all().map(({ run }) => String(run)),
    endLeases() {
      for (const { run, seq, row } of leases.all()) update.run(endLeases(String(row)), run!, seq!);
    },
    close: () => db.close(),
  };
}
