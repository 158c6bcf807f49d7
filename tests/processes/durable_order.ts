// Runs an order durably over SQLite, and kills its own process at a moment.
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { runOrder } from "../support/durable_order.ts";

const [, , path = "", runId = "", killAt = ""] = process.argv;
const db = new DatabaseSync(path);
db.exec("pragma busy_timeout = 10000");
db.exec(
  "create table if not exists runs (run text, seq integer, row text, primary key (run, seq))",
);
db.exec("create table if not exists effects (key text primary key, name text, undone integer)");
const rows = db.prepare("select row from runs where run = ? and seq >= ? order by seq");
const insert = db.prepare("insert into runs values (?, ?, ?) on conflict do nothing");
const ids = db.prepare("select distinct run from runs");
const effect = db.prepare("insert into effects values (?, ?, 0) on conflict do nothing");
const undo = db.prepare("update effects set undone = undone + 1 where key = ?");

const store = {
  load: (run: string, from: number) => rows.all(run, from).map(({ row }) => String(row)),
  append: (run: string, seq: number, row: string) => insert.run(run, seq, row).changes === 1,
  list: () => ids.all().map(({ run }) => String(run)),
};
const books = {
  store,
  add: (key: string, name: string) => effect.run(key, name),
  undo: (key: string) => undo.run(key),
};
await runOrder(books, runId, killAt);
