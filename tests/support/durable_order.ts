// An order that runs durably in a process of its own, which it kills at one of its moments.
import process from "node:process";
import { map, parallel, pipeline, sleep, step, waitFor } from "@runsheet/runsheet";
import { durable, type Store } from "@runsheet/runsheet/durable";

/** A database with the runs, and with the other side: what it has done under a key. */
export interface Books {
  store: Store;
  add: (key: string, name: string) => unknown;
  undo: (key: string) => unknown;
}

/**
 * Runs an order, and prints how it ended.
 *
 * @param killAt The number of the moment at which the process dies, or the moment's name.
 */
export async function runOrder(books: Books, runId: string, killAt: string): Promise<void> {
  let moments = 0;
  /** A moment at which the process may die. */
  const moment = (name: string) => {
    if (String(++moments) === killAt || name === killAt) process.kill(process.pid, "SIGKILL");
  };
  const around = async <T>(name: string, call: () => T): Promise<Awaited<T>> => {
    moment(`before ${name}`);
    const value = await call();
    moment(`after ${name}`);
    return value;
  };

  const add = async (name: string, key: string) => {
    await around(name, () => books.add(key, name));
    return { [name]: key };
  };
  const effect = (name: string) =>
    step({
      name,
      run: (_ctx, { key }) => add(name, key),
      undoByKey: {
        run: async (_ctx, { effectKey, attempt }) => {
          await around(`undo ${attempt} of ${name}`, () => books.undo(effectKey));
          if (attempt === 1) throw new Error("the answer is lost");
        },
        retry: { count: 1, delay: 2 },
      },
    });
  const order = pipeline({
    name: "order",
    steps: [
      effect("reserve"),
      parallel(effect("charge"), effect("label")),
      map("mails", () => ["ann", "bob"], (to, _ctx, { key }) => add(`mail ${to}`, key)),
      sleep("cool down", 5),
      waitFor("approval", { timeout: 600_000 }),
      step({
        name: "ship",
        retry: { count: 1, delay: 2 },
        run: (): void => {
          throw new Error("no courier");
        },
      }),
    ],
  });

  const store: Store = {
    ...books.store,
    append: async (run, seq, row, isEnd) => {
      const name = row.includes('"kind":"wait"') ? "a wait" : "a row";
      const isNew = await around(name, () => books.store.append(run, seq, row, isEnd));
      if (isNew && row.includes('"owner":""')) setTimeout(approve, 0);
      return isNew;
    },
  };
  const runs = durable(order, { store, leaseMs: 100 });
  const approve = () => around("the approval", () => runs.send(runId, "approval"));
  const [known] = (await runs.list()).filter((run) => run.runId === runId);
  if (known?.state === "waiting") await approve();
  const result = await runs.run({}, { runId });
  console.log(JSON.stringify({
    error: result.success ? undefined : result.error.message,
    completed: result.success ? undefined : result.rollback.completed,
    moments,
  }));
}
