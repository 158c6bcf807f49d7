/**
 * A table of your own database that stores durable runs: one row for each `runId` and `seq`.
 *
 * The rows of a run are its log. No two workers can append the same row, so the table itself fences
 * off a worker that has lost its run.
 *
 * @example With `node:sqlite`
 * ```ts
 * import type { Store } from "@runsheet/runsheet/durable";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const db = new DatabaseSync(":memory:"); // In an application, use a file.
 * const columns = "run text, seq integer, row text, primary key (run, seq)";
 * db.exec(`create table if not exists runs (${columns})`);
 * const rows = db.prepare("select row from runs where run = ? and seq >= ? order by seq");
 * const insert = db.prepare("insert into runs values (?, ?, ?) on conflict do nothing");
 * const ids = db.prepare("select distinct run from runs");
 * const store: Store = {
 *   load: (run, from) => rows.all(run, from).map(({ row }) => String(row)),
 *   append: (run, seq, row) => insert.run(run, seq, row).changes === 1,
 *   list: () => ids.all().map(({ run }) => String(run)),
 * };
 * ```
 */
export interface Store {
  /**
   * Loads the rows of a run, in the order of `seq`: all that `append` has added, without a delay, so
   * not from a read replica.
   *
   * @param runId The run's id.
   * @param from The first `seq` to load; rows are numbered from 0 without a gap.
   */
  load(runId: string, from: number): readonly string[] | Promise<readonly string[]>;
  /**
   * Appends a row, and returns only once the row can no longer be lost.
   *
   * @param runId The run's id.
   * @param seq The row's number.
   * @param row The row.
   * @param isEnd Whether the run ends with this row. A store that records this can list the open
   * runs.
   * @returns `false` if the run already has a row of this number, which stays as it is.
   */
  append(runId: string, seq: number, row: string, isEnd: boolean): boolean | Promise<boolean>;
  /**
   * Lists the ids of all runs.
   *
   * @param which With `open: true`, the ids of ended runs may be left out, which saves reading
   * them.
   */
  list(which: { readonly open: boolean }): Iterable<string> | Promise<Iterable<string>>;
}
