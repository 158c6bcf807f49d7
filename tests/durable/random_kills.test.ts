// Random trees, killed at random moments and continued by other workers.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Context, pipeline, type Result, type RollbackInfo, step } from "@runsheet/runsheet";
import { durable } from "@runsheet/runsheet/durable";
import { ticks } from "../support/collections.ts";
import { Table } from "../support/kill_store.ts";
import { property } from "../support/property.ts";
import { build, expected, type Leaf, type Tree, trees } from "../support/random_combinators.ts";

/** The outside world, which outlives every worker. */
class World {
  /** The effects that are not undone, by key. */
  readonly live = new Set<string>();
  /** The number of times that each effect was made. */
  readonly counts = new Map<string, number>();
  readonly undone = new Map<string, number>();
  /** The calls of steps, and the reasons of undos, in order. */
  readonly log: ({ readonly step: string } | { readonly undoneFor: string })[] = [];

  add(key: string): void {
    this.live.add(key);
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  remove(key: string): void {
    this.live.delete(key);
    this.undone.set(key, (this.undone.get(key) ?? 0) + 1);
  }
}

interface Told {
  readonly world: World;
  readonly result: Result<unknown>;
  readonly kills: number;
}

/** Runs a tree in workers that are killed one after the other, and in a last one that is not. */
async function run(tree: Tree, killAts: readonly number[]): Promise<Told> {
  const table = new Table();
  const world = new World();
  let kills = 0;
  for (const killAt of [...killAts, Infinity]) {
    const store = table.worker(killAt);
    const play = (leaf: Leaf) => {
      const dies = () => new Promise<never>(() => {});
      const undo = (key: string, { error }: { readonly error: Error }) => {
        if (store.isDead) return dies();
        world.log.push({ undoneFor: error.message });
        world.remove(key);
      };
      return step({
        name: `s${leaf.id}`,
        retry: { count: leaf.retries, retryIf: () => true },
        run: async (_ctx, { key, attempt, defer }) => {
          if (leaf.undo === "defer") defer("remove", key);
          await ticks(leaf.ticks);
          if (store.isDead) return await dies();
          world.log.push({ step: key });
          if (attempt <= leaf.failures) throw new Error(`failure of ${key}`);
          world.add(key);
          return { [`s${leaf.id}`]: leaf.id };
        },
        undos: { remove: (_ctx, key: string, info) => undo(key, info) },
        ...(leaf.undo === "rollback" && {
          rollback: (_ctx: Context, _output: Context, info: RollbackInfo) =>
            undo(info.effectKey, info),
        }),
        undoByKey: (_ctx, info) => undo(info.effectKey, info),
      });
    };
    const p = pipeline({ name: "p", steps: [build(tree, play, new Map())] });
    const runs = durable(p as never, { store, lateMs: 10 });
    const running = runs.run({ list: [1, 2] } as never, { runId: "r" }) as Promise<Result<unknown>>;
    const result = await Promise.race([store.death, running]);
    if (result) return { world, result, kills };
    kills++;
  }
  throw new Error("the last worker is not killed");
}

const kills = fc.array(fc.integer({ min: 2, max: 80 }).map((n) => n / 2), { maxLength: 3 });

describe("a durable run that is killed again and again", () => {
  it("ends with the data of a run that is not killed, and makes no effect again without a kill", async () => {
    await property(fc.tuple(trees(false), kills), async ([tree, killAts]) => {
      const { world, result, kills } = await run(tree, killAts);
      assert(result.success, result.success ? "" : result.error.message);
      assertEquals(result.data, { list: [1, 2], ...expected(tree) });
      for (const [key, count] of world.counts) assert(count <= 1 + kills, key);
      assertEquals(world.undone.size, 0);
      const { world: whole } = await run(tree, []);
      assertEquals([...world.live].sort(), [...whole.live].sort());
      for (const count of whole.counts.values()) assertEquals(count, 1);
    });
  });

  it("leaves nothing behind when it fails", async () => {
    await property(fc.tuple(trees(true), kills), async ([tree, killAts]) => {
      const { world, result } = await run(tree, killAts);
      if (result.success) return;
      assertEquals([...world.live], []);
      assertEquals(result.rollback.failed, []);
    });
  });

  it("ends as it would have, and never goes forward after its rollback has begun", async () => {
    const failing = trees(true, true).filter((tree) => !hasInside(tree)).map(inTurn);
    await property(fc.tuple(failing, kills), async ([tree, killAts]) => {
      const { world, result } = await run(tree, killAts);
      assertEquals(endOf(result), endOf((await run(tree, [])).result));
      if (result.success) return;
      const began = world.log.findIndex((entry) =>
        "undoneFor" in entry && entry.undoneFor === result.error.message
      );
      const after = began < 0 ? [] : world.log.slice(began);
      assertEquals(after.filter((entry) => "step" in entry), []);
    });
  });
});

/** Whether a step runs a pipeline itself, whose undo is a function: a durable run refuses that. */
function hasInside({ kind, children }: Tree): boolean {
  return kind === "inside" || children.some(hasInside);
}

/** The same tree without concurrency, so that it ends the same in every run. */
function inTurn(tree: Tree): Tree {
  const own = "policy" in tree
    ? { policy: { ...tree.policy, concurrency: 1, undoConcurrency: 1 } }
    : {};
  return { ...tree, ...own, children: tree.children.map(inTurn) } as Tree;
}

function endOf(result: Result<unknown>): unknown {
  if (result.success) {
    return JSON.stringify(
      result.data,
      (_key, value) => value instanceof Error ? value.message : value,
    );
  }
  const { error, failedStep, rollback: { completed, failed } } = result;
  return [error.message, failedStep, completed, failed.map(({ step }) => step)];
}
