import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type AnyStep,
  choice,
  distribute,
  filter,
  flatMap,
  type Host,
  map,
  parallel,
  pipeline,
  step,
  when,
} from "@runsheet/runsheet";
import { property } from "../support/property.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { fail } from "../support/steps.ts";

const odd = [
  "a/b",
  "a@1",
  "a!undo",
  "map(list)[0]",
  "a#2",
  "100%",
  "two\nlines",
  "🚚",
  "__proto__",
  "constructor",
  "<args>",
  " ",
  "x".repeat(10_000),
];

describe("a step may be called", () => {
  for (const name of odd) {
    it(`${JSON.stringify(name.slice(0, 20))}, and is run, reported and undone by that name`, async () => {
      const log: string[] = [];
      const one = step({
        name,
        run: () => void log.push("do"),
        rollback: () => void log.push("undo"),
      });
      const failure = failureOf(await pipeline({ name, steps: [one, one, fail] }).run());
      assertEquals(log, ["do", "do", "undo", "undo"]);
      const [last, first] = failure.rollback.completed;
      assertEquals(last, `${first}#2`);
      assertEquals(decodeURIComponent(first ?? ""), name);
      assertFalse("polluted" in {});
    });
  }

  it("by the path of another step, and still has its own path", async () => {
    const paths: string[] = [];
    const keys: string[] = [];
    const make = (name: string) =>
      step({
        name,
        run: (_ctx, { key }) => void keys.push(key),
        rollback: (_ctx, _output, { key }) => void keys.push(key),
      });
    const inner = pipeline({ name: "a", steps: [make("b")] });
    const p = pipeline({ name: "p", steps: [make("a/b"), inner, make("a/b!undo"), fail] });
    const failure = failureOf(await p.run({}, { runId: "r" }));
    paths.push(...failure.rollback.completed);
    assertEquals(paths, ["a%2Fb%21undo", "a/b", "a%2Fb"]);
    assertEquals(new Set(keys).size, 6, keys.join("\n"));
  });
});

describe("a key of the context may be", () => {
  for (const key of ["then", "constructor", "toString", "hasOwnProperty", "", "0", "a/b"]) {
    it(`${JSON.stringify(key)}, in args and in outputs`, async () => {
      const value = key === "then" ? "later" : () => 1;
      const add = step({ name: "add", run: () => ({ [`added ${key}`]: value, [key]: value }) });
      const data = dataOf<object>(
        await pipeline({ name: "p", steps: [add] }).run({ [key]: value }),
      );
      assertEquals(Object.keys(data).sort(), [key, `added ${key}`].sort());
    });
  }
});

describe("a key that a collection adds must not be", () => {
  it("__proto__, as an assignment takes it for the prototype", () => {
    const one = step({ name: "one", run: () => {} });
    const collections = [
      () => map("__proto__", () => [1], (n) => n),
      () => map("m", () => [1], one, { as: "__proto__" }),
      () => filter("__proto__", () => [1], () => true),
      () => flatMap("__proto__", () => [1], (n) => [n]),
      () =>
        distribute(
          "__proto__",
          { list: "n" },
          step<{ n: number }, object>({ name: "s", run: () => ({}) }),
        ),
    ];
    for (const make of collections) {
      assertThrows(make, Error, `must be another key: current value is "__proto__"`);
    }
  });
});

const nasty = fc.string({
  unit: fc.constantFrom(
    "a",
    "b",
    "/",
    "@",
    "1",
    "!",
    "undo",
    "[",
    "]",
    "0",
    "#",
    "2",
    "%",
    "2F",
    "(",
    ")",
    "?",
  ),
  minLength: 1,
  maxLength: 4,
});

interface Tree {
  readonly name: string;
  readonly kind: "step" | "pipeline" | "when" | "parallel" | "map" | "choice";
  readonly children: readonly Tree[];
}
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    fc.record({ name: nasty, kind: fc.constant("step"), children: fc.constant([]) }),
    fc.record({
      name: nasty,
      kind: fc.constantFrom("pipeline", "when", "parallel", "map", "choice"),
      children: fc.array(tie("tree"), { minLength: 1, maxLength: 2 }),
    }),
  ) as fc.Arbitrary<Tree>,
}));

function build({ name, kind, children }: Tree): AnyStep {
  const [first, ...others] = children.map(build);
  if (kind === "step" || !first) return step({ name, run: () => {}, rollback: () => {} });
  if (kind === "when") return when(() => true, first);
  if (kind === "parallel") return parallel(first, ...others);
  if (kind === "map") return map(name, () => [{}, {}], first) as AnyStep;
  if (kind === "choice") return choice([() => true, first]);
  return pipeline({ name, steps: [first, ...others] });
}

describe("ids, paths and idempotency keys", () => {
  it("identify one effect each, whatever the steps are called", async () => {
    await property(fc.array(tree, { minLength: 1, maxLength: 4 }), async (trees) => {
      const ids: string[] = [];
      const host: Host = {
        perform: (call, run) => {
          ids.push(call.id);
          return run(new AbortController().signal);
        },
        sleep: () => Promise.resolve(),
      };
      const failure = failureOf(
        await pipeline({ name: "p", steps: [...trees.map(build), fail] }).run({}, { host }),
      );
      assert(ids.length > 0);
      assertEquals(ids.length, new Set(ids).size, ids.join("\n"));
      const { completed } = failure.rollback;
      assertEquals(completed.length, new Set(completed).size, completed.join("\n"));
    });
  });
});
