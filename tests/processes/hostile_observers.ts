// Runs random trees and pipelines with each faulty observer, and without it. Prints the
// differences, and how many of the errors surfaced.
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { hostile, hostileObservers } from "../support/hostile_observers.ts";
import { observedTree } from "../support/observed_trees.ts";
import { Play } from "../support/play.ts";
import { trees } from "../support/random_combinators.ts";
import { scenarios } from "../support/random_pipeline.ts";

let told = 0;
let onTold = () => {};
process.on("unhandledRejection", () => {
  told++;
  onTold();
});

const options = { numRuns: Number(process.argv[2]), seed: Number(process.argv[3] ?? Date.now()) };
for (const name of Object.keys(hostileObservers)) {
  told = 0;
  const { observer, faults } = hostile(name);
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
  while (told < faults.length) await new Promise<void>((resolve) => onTold = resolve);
  // One more would come now.
  await new Promise((resolve) => setTimeout(resolve, 0));
  const differing = seeds.length === 0 ? "as without it" : `differs with seed ${seeds[0]}`;
  console.log(`${name}: ${differing}, ${told - faults.length} errors too many`);
}
