// Each error says what was to be done, what must be, and what is.
import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  ConfigError,
  fallback,
  type Host,
  map,
  pipeline,
  sleep,
  step,
  typed,
  waitFor,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { failureOf } from "../support/results.ts";

const thrower = (text: string) => () => {
  throw new Error(text);
};
const a = step({ name: "a", run: thrower("no stock") });
const b = step({ name: "b", run: thrower("no other") });
const output = typed<{ n: number }>();

const definitions: Record<string, [() => unknown, string]> = {
  "a sleep without a name": [
    () => sleep("", 1),
    `Cannot create a sleep() as 'name' must be a string that is not empty: current value is ""`,
  ],
  "a waitFor without a name": [
    () => waitFor(""),
    `Cannot create a waitFor() as 'name' must be a string that is not empty: current value is ""`,
  ],
  "a waitFor without time": [
    () => waitFor("paid", { timeout: 0 }),
    "Cannot create waitFor 'paid' as 'timeout' must be a number of milliseconds from 1 to " +
    "2147483647: current value is 0",
  ],
  "two outputs": [
    () => pipeline({ name: "p", output }).step(a).build({ output } as never),
    "Cannot build pipeline 'p' as 'output' must be given once, to 'pipeline' or to 'build': " +
    "current value is an object with keys [~standard]",
  ],
};

const wrongHost: Host = {
  perform: () => Promise.resolve(5 as never),
  sleep: () => Promise.resolve(),
};

const runs: Record<string, [() => Promise<unknown>, string]> = {
  "a context that is not what a step requires": [
    () => step({ name: "s", requires: type({ n: "number" }), run: () => {} }).run({} as never),
    "Cannot run 's' as the context must be what it requires: n must be a number (was missing)",
  ],
  "an alternative that fails as well": [
    () => fallback(a, b).run({}),
    "Cannot finish 'fallback(a, b)' as its alternative must not fail as well: Error: no stock; " +
    "Error: no other",
  ],
  "an alternative that gives no object": [
    () => fallback(a, () => 5 as never).run({}),
    "Cannot finish 'fallback(a)' as its alternative must not fail as well: Error: no stock; " +
    "ProvidesValidationError: Cannot use the data of the alternative in 'fallback(a)' as it must " +
    "be an object of keys: current value is 5",
  ],
  "a host that gives no outcome": [
    () => step({ name: "s", run: () => {} }).run({}, { host: wrongHost }),
    "Cannot perform 's@1' as the host must give an outcome: current value is 5",
  ],
  "an iterator that gives no object": [
    () =>
      map("out", () => ({ [Symbol.iterator]: () => ({ next: () => 5 }) }) as never, (n) => n).run(
        {},
      ),
    "Cannot take an item as 'next' must give an object: current value is 5",
  ],
  "a change of an immutable context": [
    () =>
      pipeline({
        name: "p",
        immutable: "deep",
        steps: [
          step({ name: "s", run: ({ m }: { m: Map<string, number> }) => void m.set("k", 1) }),
        ],
      }).run({ m: new Map() }),
    "Cannot call 'set' as it is called on a part of an immutable context",
  ],
};

describe("the sentence of", () => {
  for (const [what, [define, sentence]] of Object.entries(definitions)) {
    it(what, () => assertEquals(assertThrows(define, ConfigError).message, sentence));
  }
  for (const [what, [run, sentence]] of Object.entries(runs)) {
    it(what, async () => assertEquals(failureOf(await run() as never).error.message, sentence));
  }
});
