import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { map, parallel, pipeline, step } from "@runsheet/runsheet";
import { durable } from "@runsheet/runsheet/durable";
import { Table } from "../support/kill_store.ts";

/** The outside world: the effects that are not undone, by key. */
class World {
  readonly done: string[] = [];
  readonly live = new Map<string, string>();
  dead = () => false;
  async effect(name: string, key: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.dead()) return await new Promise(() => {});
    this.done.push(name);
    this.live.set(key, name);
  }
  async undo(name: string, effectKey: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.dead()) return await new Promise(() => {});
    this.done.push(`undo ${name}`);
    this.live.delete(effectKey);
  }
}

function flow(world: World, fails: boolean) {
  const effect = (name: string) =>
    step({
      name,
      run: async (_ctx, { key }) => {
        await world.effect(name, key);
        return { [name]: key };
      },
      rollback: (_ctx, _output, { effectKey }) => world.undo(name, effectKey),
    });
  let n = 0;
  return pipeline({
    name: "order",
    steps: [
      effect("reserve"),
      parallel(effect("left"), effect("right")),
      map("mails", () => ["a", "b", "c"], async (mail, _ctx, { key }) => {
        await world.effect(`mail ${mail}`, key);
        return { id: key, n: n++ };
      }),
      step({
        name: "end",
        retry: { count: 2, delay: 2, retryIf: () => true },
        run: () => {
          if (fails) throw new Error("declined");
        },
      }),
    ],
  });
}

describe("a durable run", () => {
  for (const fails of [false, true]) {
    it(`ends when nothing is killed (${fails})`, async () => {
      const table = new Table();
      const store = table.worker();
      const world = new World();
      const result = await durable(flow(world, fails), { store }).run({}, {
        runId: "r",
      });
      assertEquals(result.success, !fails);
    });

    it(`ends the same wherever it is killed (${fails})`, async () => {
      for (let at = 1; at < 40; at += 0.5) {
        const table = new Table();
        const store = table.worker(at);
        const world = new World();
        world.dead = () => store.isDead;
        const first = durable(flow(world, fails), { store }).run({}, { runId: "r" });
        const died = await Promise.race([store.death.then(() => true), first.then(() => false)]);
        if (!died) break;
        const other = new World();
        for (const [key, name] of world.live) other.live.set(key, name);
        const again = durable(flow(other, fails), { store: table.worker() });
        const result = await again.run({}, { runId: "r" });
        assertEquals(result.success, !fails, `killed at ${at}`);
        assert(
          fails
            ? [...other.live.values()].every((n) => n.startsWith("mail"))
            : other.live.size === 6,
          `${at}`,
        );
      }
    });
  }
});
