// Steps whose inputs have other names, in random trees of combinators.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { pipeline, step, toJSON, withInputs } from "@runsheet/runsheet";
import { ticks } from "../support/collections.ts";
import { property } from "../support/property.ts";
import { build, type Leaf, type Tree, trees } from "../support/random_combinators.ts";

interface Names {
  /** The name that the leaves' input has in the tree, and the one that it has around the tree. */
  readonly inside: string;
  readonly outside: string;
}

/** Runs a tree, and returns everything that its leaves and the caller see. */
async function tell(tree: Tree, names?: Names) {
  const log: string[] = [];
  const play = ({ id, ticks: n, failures, retries, undo }: Leaf) => {
    const leaf = step({
      name: `s${id}`,
      retry: { count: retries },
      run: async ({ input }: { input: string }, { key, attempt, defer }) => {
        log.push(`run ${key}@${attempt} ${input}`);
        await ticks(n);
        if (undo === "defer") defer(() => void log.push(`deferred ${key} ${input}`));
        if (attempt <= failures) throw new Error(`failure of ${key}`);
        return { [`s${id}`]: input };
      },
      ...undo === "rollback" && {
        rollback: ({ input }: { input: string }, output, { effectKey }) =>
          void log.push(`undo ${effectKey} ${input} ${JSON.stringify(output)}`),
      },
    });
    return names ? withInputs(leaf, { input: names.inside }) : leaf;
  };
  const made = build(tree, play as never, new Map());
  const whole = names ? withInputs(made, { [names.inside]: names.outside }) : made;
  const args = { [names?.outside ?? "input"]: "given" };
  const result = await pipeline({ name: "p", steps: [whole] }).run(args as never, { runId: "r" });
  const told = JSON.stringify(toJSON(result));
  if (!result.success) return { log, told };
  const { [Object.keys(args)[0]!]: _, ...data } = result.data as Record<string, unknown>;
  const plain = (_key: string, value: unknown) => value instanceof Error ? value.message : value;
  return { log, told, data: JSON.stringify(data, plain) };
}

describe("in a random tree of combinators", () => {
  it("steps with other names for their inputs behave as without them", () => {
    const name = fc.constantFrom("a", "b", "input");
    const names = fc.record({ inside: name, outside: name });
    return property(fc.tuple(trees(true), names), async ([tree, names]) => {
      assertEquals(await tell(tree, names), await tell(tree));
    });
  });
});
