// `deno task bench` measures runsheet beside its peers on Deno, Node and Bun, one process each, prints a table and
// writes results/<runtime>.json. `--quick` only finds out whether it still runs; `node@20` and the like choose
// runtimes, anything else cases whose name has it: `deno task bench deno "sync steps"`.
import { defaults, makeBench, runOn } from "./app.ts";
import { table } from "./table.ts";

const targets = Deno.args.filter((arg) => /^(deno|(node|bun)@\d+)$/.test(arg));
const others = Deno.args.filter((arg) => !targets.includes(arg));
const isWhole = others.length === 0;

await makeBench("bench/worker.ts");
const tables: string[] = [];
for (const target of targets.length > 0 ? targets : defaults) {
  console.error(`\n${target}`);
  const [name] = target.split("@");
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await runOn(target, "worker.js", [file, ...others]);
  const json = await Deno.readTextFile(file);
  // What is only a part, or only a try, is not kept.
  if (isWhole) await Deno.writeTextFile(`bench/results/${name}.json`, json);
  tables.push(table(JSON.parse(json)));
}
console.log(tables.join("\n\n"));
