// Runs many items through a combinator, in each of the given ways with its number of items,
// and prints the counts. In a process of its own, because node:test on Node tracks every promise
// with async_hooks, which takes ten times the time and memory.
import process from "node:process";
import { parallel, pipeline } from "@runsheet/runsheet";
import { combinators, distributed, Flights, Numbers, ticks } from "../support/collections.ts";
import { failAsync } from "../support/steps.ts";

const [name = "", ways = "{}"] = process.argv.slice(2);
const limit = { concurrency: 10 };
const make = combinators[name as keyof typeof combinators];

let numbers: Numbers;
let flights: Flights;
const flyFor = (turns: number) => () => flights.fly(ticks(turns));
const fly = flyFor(5);
// Long enough for an async iterable to yield nine more items.
const flyLong = flyFor(100);

const scenarios: Record<string, () => Promise<object>> = {
  "all at once": () => count(make(() => [...numbers.sync()], fly).run({})),
  "an iterable": () => count(make(() => numbers.sync(), fly, limit).run({})),
  "an async iterable": () => count(make(() => numbers.async(), flyLong, limit).run({})),
  "a list": () => count(distributed(fly, limit).run({ items: [...numbers.sync()] })),
  undone: async () => {
    const undone: unknown[] = [];
    const each = make(
      () => numbers.sync(),
      (item, { defer }) => defer(() => undone.push(item)),
      limit,
    );
    const result = await pipeline({ name: "p", steps: [parallel(each), failAsync] }).run({});
    if (result.success) throw new Error("Cannot count what was undone as the run must fail");
    const { completed, failed } = result.rollback;
    return {
      undone: undone.length,
      inReverse: undone.every((item, n) => item === undone.length - 1 - n),
      completed: completed.length,
      failed: failed.length,
    };
  },
};

async function count(
  running: ReturnType<ReturnType<typeof distributed>["run"]>,
): Promise<object> {
  const result = await running;
  if (!result.success) throw result.error;
  const { started, most, now } = flights;
  return { results: result.data.out.length, pulls: numbers.pulls, started, most, now };
}

const counts: Record<string, object | undefined> = {};
for (const [way, many] of Object.entries<number>(JSON.parse(ways))) {
  numbers = new Numbers(many);
  flights = new Flights();
  counts[way] = await scenarios[way]?.();
}
console.log(JSON.stringify(counts));
