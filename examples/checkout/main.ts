// Entry point of `deno task demo`. With `--break refund` (or void, or release), an undo does
// nothing, and the proof of the balance finds it.
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { html, tree } from "@runsheet/runsheet/report";
import { runDemo } from "./demo.ts";
import { summarize } from "./summary.ts";

const { values } = parseArgs({ options: { break: { type: "string" } } });
const broken = values.break;
if (broken !== undefined && broken !== "refund" && broken !== "void" && broken !== "release") {
  throw new Error(`Cannot break '${broken}' as it must be refund, void or release`);
}

const demo = await runDemo(readData("orders.csv"), readData("products.csv"), broken);
console.log(summarize(demo).join("\n"));
if (demo.worst) {
  const color = process.stdout.isTTY === true && !process.env.NO_COLOR;
  console.log(`\nthe worst order, ${demo.worst.span.runId}\n${tree(demo.worst, { color })}`);
  const page = fileURLToPath(new URL("worst_order.html", import.meta.url));
  writeFileSync(page, html(demo.worst));
  console.log(`\nthe same as a page: ${page}`);
}
if (demo.claims.some(({ differences }) => differences.length > 0)) {
  console.error("The balance does not hold");
  process.exitCode = 1;
}

function readData(name: string): string {
  return readFileSync(new URL(`../data/${name}`, import.meta.url), "utf8");
}
