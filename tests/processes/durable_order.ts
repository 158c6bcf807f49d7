// Runs an order durably over SQLite, and kills its own process at the n-th moment.
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { map, parallel, pipeline, step } from "@runsheet/runsheet";
import { durable, type Store } from "@runsheet/runsheet/durable";

const [, , path = "", killAt = "0"] = process.argv;
let moments = 0;

/** A moment at which the process may die. */
function moment(): void {
  if (++moments === Number(killAt)) process.kill(process.pid, "SIGKILL");
}

const db = new DatabaseSync(path);
db.exec("pragma busy_timeout = 10000");
db.exec(
  "create table if not exists runs (run text, seq integer, row text, primary key (run, seq))",
);
// The other side: what it has done under a key, and what was undone.
db.exec("create table if not exists effects (key text primary key, name text, undone integer)");
const rows = db.prepare("select row from runs where run = ? and seq >= ? order by seq");
const insert = db.prepare("insert into runs values (?, ?, ?) on conflict do nothing");
const ids = db.prepare("select distinct run from runs");
const effect = db.prepare("insert into effects values (?, ?, 0) on conflict do nothing");
const undo = db.prepare("update effects set undone = undone + 1 where key = ?");

const store: Store = {
  load: (run, from) => rows.all(run, from).map(({ row }) => String(row)),
  append(run, seq, row) {
    moment();
    const isNew = insert.run(run, seq, row).changes === 1;
    moment();
    return isNew;
  },
  list: () => ids.all().map(({ run }) => String(run)),
};

function add(name: string, key: string): { [name: string]: string } {
  moment();
  effect.run(key, name);
  moment();
  return { [name]: key };
}

const effectStep = (name: string) =>
  step({
    name,
    run: (_ctx, { key }) => add(name, key),
    undoByKey(_ctx, { effectKey }) {
      moment();
      undo.run(effectKey);
    },
  });

const order = pipeline({
  name: "order",
  steps: [
    effectStep("reserve"),
    parallel(effectStep("charge"), effectStep("label")),
    map("mails", () => ["ann", "bob"], (to, _ctx, { key }) => add(`mail ${to}`, key)),
    step({
      name: "ship",
      retry: { count: 1, delay: 2 },
      run: (): void => {
        throw new Error("no courier");
      },
    }),
  ],
});

const runs = durable(order, { store, leaseMs: 20 });
const result = await runs.run({}, { runId: "order-1" });
console.log(JSON.stringify({
  error: result.success ? undefined : result.error.message,
  completed: result.success ? undefined : result.rollback.completed,
  moments,
}));
