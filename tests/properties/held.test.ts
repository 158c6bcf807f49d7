// Deps and resources, which a run holds for its steps, in random trees of combinators.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { deps, pipeline, resource, step } from "@runsheet/runsheet";
import { codec } from "@runsheet/runsheet/durable";
import { RecordingHost } from "../support/hosts.ts";
import { ticks } from "../support/collections.ts";
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

  it("resources are released once each, the last one first, after all undos", () =>
    property(trees(true), async (tree) => {
      const log: string[] = [];
      let count = 0;
      const connected = (leaf: Leaf) =>
        pipeline({
          name: `r${leaf.id}`,
          steps: [
            resource({
              name: `c${leaf.id}`,
              acquire: () => {
                log.push(`+${++count}`);
                return count;
              },
              release: (id) => void log.push(`-${id}`),
            }),
            step({
              name: `s${leaf.id}`,
              run: (): Record<string, unknown> => {
                if (leaf.failures > leaf.retries) throw new Error("failed");
                return { [`s${leaf.id}`]: leaf.id };
              },
              rollback: () => void log.push("undo"),
            }),
          ],
        });
      const made = build(tree, connected as never, new Map());
      const result = await pipeline({ name: "p", steps: [made as never] }).run();
      if (result.success) assert(!/"c\d+":/.test(JSON.stringify(result.data)));
      const acquired = log.filter((line) => line.startsWith("+")).map((line) => line.slice(1));
      const released = log.filter((line) => line.startsWith("-"));
      assertEquals(released, acquired.toReversed().map((id) => `-${id}`));
      assertEquals(log.slice(log.length - released.length), released);
    }));

  it("resources are released once each, and never before an undo that needs them, also by runs inside steps", () =>
    property(
      fc.tuple(trees(true, true), fc.integer({ min: -6, max: 6 })),
      async ([tree, abortAt]) => {
        const controller = new AbortController();
        const open = new Map<object, boolean>();
        const wrong: string[] = [];
        let works = 0;
        const connected = ({ id, ticks: n, failures, retries, undo }: Leaf) => {
          const use = (what: string, connection: object) => {
            if (open.get(connection) !== true) wrong.push(`${what} of s${id} by what is not open`);
          };
          return pipeline({
            name: `r${id}`,
            retry: { count: retries },
            steps: [
              resource({
                name: `c${id}`,
                acquire: async () => {
                  await ticks(n % 3);
                  const connection = {};
                  open.set(connection, true);
                  return connection;
                },
                release: (connection) => {
                  use("release", connection);
                  open.set(connection, false);
                },
              }),
              step({
                name: `s${id}`,
                run: async (ctx: Record<string, object>, { defer }) => {
                  const connection = ctx[`c${id}`]!;
                  if (works++ === abortAt) controller.abort();
                  await ticks(n);
                  use("run", connection);
                  if (undo === "defer") defer(() => use("undo", connection));
                  if (works % 3 < failures) throw new Error("failed");
                  return { [`s${id}`]: id };
                },
                ...undo === "rollback" && {
                  rollback: (ctx: Record<string, object>) => use("undo", ctx[`c${id}`]!),
                },
              }),
            ],
          });
        };
        const watches: Promise<unknown>[] = [];
        const late = {
          onLate: () => {},
          waitUntil: (watch: Promise<unknown>) => watches.push(watch),
        };
        const made = build(tree, connected as never, new Map(), late);
        const p = pipeline({ name: "p", steps: [made as never] });
        await p.run({}, { ...late, signal: controller.signal });
        while (watches.length > 0) await Promise.allSettled(watches.splice(0));
        assertEquals(wrong, []);
        assertEquals([...open.values()].filter((isOpen) => isOpen), []);
      },
    ));
});
