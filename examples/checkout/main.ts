// Entry point of `deno task demo`. With `--break refund` (or void, or release), an undo does
// nothing, and the proof of the balance finds it.
import { readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { runDemo } from "./demo.ts";
import { summarize } from "./summary.ts";

const { values } = parseArgs({ options: { break: { type: "string" } } });
const broken = values.break;
if (broken !== undefined && broken !== "refund" && broken !== "void" && broken !== "release") {
  throw new Error(`Cannot break '${broken}' as it must be refund, void or release`);
}

const demo = await runDemo(readData("orders.csv"), readData("products.csv"), broken);
console.log(summarize(demo).join("\n"));
if (demo.claims.some(({ differences }) => differences.length > 0)) {
  console.error("The balance does not hold");
  process.exitCode = 1;
}

function readData(name: string): string {
  return readFileSync(new URL(`../data/${name}`, import.meta.url), "utf8");
}
