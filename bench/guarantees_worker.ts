// Measures the library without its guarantees, each cut out in addition to those before it, beside
// the whole library and the floor; prints a table. Started by guarantees.ts in npm/bench.
import process from "node:process";
import { inPipeline, mapped } from "./cases/groups.ts";
import { files, type Library, load } from "./contenders/cut.ts";
import { checkout, running, type Variant } from "./contenders/runsheet.ts";
import { floor } from "./floor/floor.ts";
import { type Contender, FULL, measure, QUICK } from "./harness.ts";
import { runOthers } from "./others.ts";
import { asynchronous, orders, sync, type Work, zod } from "./work.ts";

const [bundles = "", ...args] = process.argv.slice(2);
const quick = args.includes("--quick");
const wanted = args.filter((arg) => !arg.startsWith("--"));

const libraries: Record<string, Library> = { whole: await load(files.whole) };
for (const [name, file] of Object.entries<string>(JSON.parse(bundles))) {
  libraries[name] = await load(file);
}
libraries.floor = floor;
for (const library of Object.values(libraries)) await runOthers(quick ? 10 : 300, library);

type Make = (name: string, library: Library) => Contender;

const ordered = (work: Work<boolean>, variant: Variant = {}): Make => (name, library) =>
  running(name, checkout(work, variant, library), orders());
const over = (units: number): Make => {
  const items = Array.from({ length: units }, (_, n) => n);
  return (name, library) => ({ ...mapped(name, items, {}, library), units });
};

const rows: Record<string, Make> = {
  "three sync steps": ordered(sync),
  "three async steps": ordered(asynchronous),
  "… with zod schemas": ordered(asynchronous, { schemas: zod }),
  "… nested three deep": ordered(asynchronous, { nested: true }),
  "`parallel` of five": inPipeline,
  "`map`, 1,000 items, no limit": over(1_000),
  "`map`, 100,000 items, no limit": over(100_000),
};

const lines = [["", ...Object.keys(libraries)], ["---", ...Object.keys(libraries).fill("---")]];
for (const [name, make] of Object.entries(rows)) {
  if (quick && name.includes("100,000")) continue;
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  process.stderr.write(`${name} …\n`);
  const contenders = Object.entries(libraries).map(([name, library]) => make(name, library));
  const measured = await measure(
    { name, contenders, targets: {} },
    quick ? QUICK : { ...FULL, budget: 6_000 },
    "node",
  );
  const factors = measured.contenders.map(({ us, ratio }, n) =>
    n === 0 ? `${us.toPrecision(3)} µs` : (1 / ratio).toFixed(2)
  );
  lines.push([name, ...factors]);
}
console.log(lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n"));
