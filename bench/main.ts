// `deno task bench` measures runsheet beside its peers on Deno, Node and Bun, one process each,
// prints a table and writes results/<runtime>.json. `--quick` is a smoke test. `--check` exits with
// 1 if a row misses its target by more than its noise. Arguments like `node@20` select runtimes,
// others select cases by a part of their name: `deno task bench deno "sync steps"`.
import { defaults, makeBench, runOn } from "./app.ts";
import { missed, table } from "./table.ts";
import type { Results } from "./worker.ts";

const targets = Deno.args.filter((arg) => /^(deno|(node|bun)@\d+)$/.test(arg));
const checks = Deno.args.includes("--check");
const others = Deno.args.filter((arg) => !targets.includes(arg) && arg !== "--check");
const isWhole = others.length === 0;

await makeBench("bench/worker.ts");
const tables: string[] = [];
const misses: string[] = [];
for (const target of targets.length > 0 ? targets : defaults) {
  console.error(`\n${target}`);
  const [name] = target.split("@");
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await runOn(target, "worker.js", [file, ...others]);
  const json = await Deno.readTextFile(file);
  // Partial and quick results are not saved.
  const kept = target === "node@20" ? "node20" : name;
  if (isWhole) await Deno.writeTextFile(`bench/results/${kept}.json`, json);
  const results: Results = JSON.parse(json);
  tables.push(table(results));
  misses.push(...missed(results));
}
console.log(tables.join("\n\n"));
if (misses.length > 0) {
  console.log(`\nMissed by more than the noise:\n  ${misses.join("\n  ")}`);
  if (checks) Deno.exit(1);
}
