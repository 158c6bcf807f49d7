// `deno task bench` measures runsheet beside its peers on Deno, Node and Bun, one process each,
// prints a table and writes results/<runtime>.json. `--quick` is a smoke test. Arguments like
// `node@20` select runtimes, others select cases by a part of their name:
// `deno task bench deno "sync steps"`.
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
  // Partial and quick results are not saved.
  if (isWhole) await Deno.writeTextFile(`bench/results/${name}.json`, json);
  tables.push(table(JSON.parse(json)));
}
console.log(tables.join("\n\n"));
