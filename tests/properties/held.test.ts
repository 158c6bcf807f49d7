// What a run holds for its steps, in random trees of combinators.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { deps, pipeline, step } from "@runsheet/runsheet";
import { codec } from "@runsheet/runsheet/durable";
import { RecordingHost } from "../support/hosts.ts";
import { property } from "../support/property.ts";
import { build, expected, type Leaf, trees } from "../support/random_combinators.ts";

class Client {
  readonly done: number[] = [];
}

/** A step that works with the run's client. */
function play({ id, failures, retries, undo }: Leaf) {
  let attempts = 0;
  return step({
    name: `s${id}`,
    retry: { count: retries },
    run: async ({ client }: { client: Client }, { defer }) => {
      if (!(client instanceof Client)) throw new Error("the client is missing");
      await Promise.resolve();
      if (undo === "defer") defer(() => void client.done.splice(client.done.lastIndexOf(id), 1));
      client.done.push(id);
      if (attempts++ < failures) throw new Error("failed");
      return { [`s${id}`]: id };
    },
    ...undo === "rollback" && {
      rollback: ({ client }: { client: Client }) =>
        void client.done.splice(client.done.lastIndexOf(id), 1),
    },
  });
}

describe("in a random tree of combinators", () => {
  it("deps are in every context, and in no data and no call", () =>
    property(trees(false), async (tree) => {
      const made = build(tree, play, new Map());
      const p = pipeline({ name: "p", deps: deps<{ client: Client }>(), steps: [made as never] });
      const host = new RecordingHost();
      const client = new Client();
      const result = await p.run({}, { deps: { client }, host });
      assert(result.success);
      assertEquals(result.data, expected(tree));
      const { encode } = codec();
      for (const { ctx } of host.calls) assert(!encode(ctx).includes("client"));
    }));
});
