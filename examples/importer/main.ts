// `deno run -A examples/importer/main.ts`. Press Ctrl-C while it runs: nothing of the import
// remains. `--delay 20` slows it down, `--pause-at 1000` pauses it, `--db file` keeps the result.
// With `--break undo` an undo does nothing, and with `--break write` lines are not written; the
// checks at the end find it.
import { readFileSync } from "node:fs";
import process from "node:process";
import { setImmediate, setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { imbalances } from "./balance.ts";
import { Database } from "./database.ts";
import { importOrders } from "./importer.ts";
import { makeProgress } from "./progress.ts";

const { values } = parseArgs({
  options: {
    db: { type: "string", default: ":memory:" },
    delay: { type: "string", default: "0" },
    "pause-at": { type: "string", default: "Infinity" },
    break: { type: "string" },
  },
});
const csv = readFileSync(new URL("../data/import.csv", import.meta.url), "utf8");
const db = new Database(values.db);
if (values.break === "undo") db.removeLine = () => {};
if (values.break === "write") db.addLine = () => 0;
const before = db.counts();
const progress = makeProgress("map(written)", process.stdout.isTTY === true, console.log);

const interrupted = new AbortController();
// Not `once`: a second Ctrl-C would end the process in the middle of the undo.
process.on("SIGINT", () => {
  if (!interrupted.signal.aborted) console.log("interrupted, undoing");
  interrupted.abort(new Error("interrupted"));
});

const [delay, pauseAt] = [Number(values.delay), Number(values["pause-at"])];
let lines = 0;
/** Notices Ctrl-C before each line, and waits for it at the pause. */
async function pace(signal: AbortSignal): Promise<void> {
  const pauses = !interrupted.signal.aborted && ++lines > pauseAt;
  const ms = pauses ? 2 ** 31 - 1 : delay;
  if (ms > 0) await setTimeout(ms, undefined, { signal });
  else await setImmediate(undefined, { signal });
}

const result = await importOrders.run({
  csv,
  regions: ["north", "south", "east", "west"],
  currencies: ["EUR", "USD"],
  db,
  pace,
}, { signal: interrupted.signal, observer: progress.observer });
progress.stop();

const after = db.counts();
if (result.success) {
  const { data } = result;
  const reasons = data.lines.flatMap((line) => "error" in line ? [line.error.message] : []);
  console.log(`${data.rows.length} rows, ${data.rows.length - data.orders.length} cancelled`);
  for (const reason of new Set(reasons)) {
    console.log(`${reasons.filter((other) => other === reason).length} rejected: ${reason}`);
  }
  for (const { region, currency, amount } of data.totals) {
    console.log(`${region}: ${(amount / 100).toFixed(2)} ${currency}`);
  }
  const sum = data.totals.reduce((all, { amount }) => all + amount, 0);
  console.log(`${after.lines} lines written, ${(sum / 100).toFixed(2)} in all`);
  imbalances(csv, data, db).forEach(fail);
} else {
  console.log(`${result.error.message}: ${result.rollback.completed.length} undone`);
  const remain = { lines: after.lines - before.lines, totals: after.totals - before.totals };
  console.log(`${remain.lines} lines and ${remain.totals} totals remain`);
  if (remain.lines || remain.totals) fail("nothing must remain of an import that failed");
  else process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
db.close();

function fail(problem: string): void {
  console.error(`The import is wrong: ${problem}`);
  process.exitCode = 1;
}
