// `deno task bench:guarantees` shows what each guarantee beyond the floor costs a run that does not
// use it, on Node 24 or on the runtimes that are named like `bun@1`. `--quick` is a smoke test;
// other arguments select rows by a part of their name.
import { makeBench, runOn } from "./app.ts";
import { bundleWithout } from "./cut.ts";
import { type Cut, cuts } from "./cuts.ts";

const targets = Deno.args.filter((arg) => /^(deno|(node|bun)@\d+)$/.test(arg));
const others = Deno.args.filter((arg) => !targets.includes(arg));

await makeBench("bench/guarantees_worker.ts");
const bundles: Record<string, string> = {};
const gone: Cut[] = [];
for (const [n, [name, own]] of Object.entries(cuts).entries()) {
  gone.push(...own);
  bundles[name] = `without_${n + 1}.js`;
  await bundleWithout(gone, "npm/bench", bundles[name]);
}
for (const target of targets.length > 0 ? targets : ["node@24"]) {
  const args = [JSON.stringify(bundles), ...others];
  console.log(`\n${target}\n${await runOn(target, "guarantees_worker.js", args)}`);
}
