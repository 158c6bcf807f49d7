// Runs random trees and pipelines with each faulty observer, and without it. Prints the
// differences, in how many runs too many a fault was printed, and the unhandled errors.
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { hostile, hostileObservers } from "../support/hostile_observers.ts";
import { observedTree } from "../support/observed_trees.ts";
import { Play } from "../support/play.ts";
import { trees } from "../support/random_combinators.ts";
import { scenarios } from "../support/random_pipeline.ts";

let printed = 0;
console.error = () => void printed++;
let unhandled = 0;
process.on("unhandledRejection", () => void unhandled++);

const options = { numRuns: Number(process.argv[2]), seed: Number(process.argv[3] ?? Date.now()) };
for (const name of Object.keys(hostileObservers)) {
  printed = 0;
  const { observer, failed } = hostile(name);
  const seeds: string[] = [];
  const compare = async (run: (given: { observer?: typeof observer }) => Promise<unknown>) => {
    if (!isDeepStrictEqual(await run({ observer }), await run({}))) seeds.push(`${options.seed}`);
  };
  for (const { root, plans } of fc.sample(scenarios(1), options)) {
    await compare((given) => new Play(root).run(plans[0]!, "r", given));
  }
  for (const tree of fc.sample(trees(true, true), options)) {
    await compare(({ observer }) => observedTree(tree, observer));
  }
  // Later than the timers of the observers, which were set before.
  await new Promise((resolve) => setTimeout(resolve, 5));
  const differing = seeds.length === 0 ? "as without it" : `differs with seed ${seeds[0]}`;
  console.log(`${name}: ${differing}, ${printed - failed.size} too many, ${unhandled} unhandled`);
}
