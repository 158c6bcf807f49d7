import { readFileSync } from "node:fs";
import process from "node:process";
import { type Ended, find, spawnFile, type SpawnOptions } from "./spawn.ts";

/** The file that starts an example; on Node and Bun, its compiled version. */
export function mainOf(example: string): string {
  return process.versions.deno === undefined
    ? find(`out/examples/${example}/main.js`)
    : find(`examples/${example}/main.ts`);
}

/** Runs an example in a process of its own. */
export function runExample(
  example: string,
  args: string[],
  options: SpawnOptions = {},
): Promise<Ended> {
  return spawnFile(mainOf(example), args, options);
}

/** A file of examples/data. */
export function exampleData(name: string): string {
  return readFileSync(find(`examples/data/${name}`), "utf8");
}
