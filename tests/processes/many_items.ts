// Runs 100,000 items through a combinator and prints the counts. In a process of its own, because
// node:test on Node tracks every promise with async_hooks, which takes ten times the time and
// memory.
import process from "node:process";
import { parallel, pipeline } from "@runsheet/runsheet";
import { combinators, distributed, Flights, Numbers, ticks } from "../support/collections.ts";
import { failAsync } from "../support/steps.ts";

const MANY = 100_000;
const [name = "", what = ""] = process.argv.slice(2);
const limit = { concurrency: 10 };
const numbers = new Numbers(MANY);
const flights = new Flights();
// Long enough for an async iterable to yield nine more items.
const fly = () => flights.fly(ticks(what === "an async iterable" ? 100 : 5));
const make = combinators[name as keyof typeof combinators];

const scenarios: Record<string, () => Promise<object>> = {
  "all at once": () => count(make(() => [...numbers.sync()], fly).run({})),
  "an iterable": () => count(make(() => numbers.sync(), fly, limit).run({})),
  "an async iterable": () => count(make(() => numbers.async(), fly, limit).run({})),
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
      inReverse: undone.every((item, n) => item === MANY - 1 - n),
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

const start = performance.now();
console.log(JSON.stringify(await scenarios[what]?.()));
console.error(`${name}, ${what}: ${Math.round(performance.now() - start)} ms`);
