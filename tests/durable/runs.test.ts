import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  isRunsheetError,
  map,
  parallel,
  pipeline,
  type Result,
  sleep,
  step,
  TimeoutError,
  waitFor,
} from "@runsheet/runsheet";
import { durable, type DurableOptions } from "@runsheet/runsheet/durable";
import { type } from "arktype";
import { deferred } from "../support/deferred.ts";
import { Table } from "../support/kill_store.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { until } from "../support/until.ts";

/** Runs with one worker until the n-th append, and then with another. */
async function inTwo<Data>(
  make: (isSecond: boolean) => Parameters<typeof durable<Record<never, never>, Data>>[0],
  killAt: number,
  options: Partial<DurableOptions> = {},
): Promise<Result<Data>> {
  const table = new Table();
  const first = table.worker(killAt);
  const running = durable(make(false), { ...options, store: first }).run({}, { runId: "r" });
  await Promise.race([first.death, running]);
  return await durable(make(true), { ...options, store: table.worker() }).run({}, { runId: "r" });
}

const hang = () => new Promise<void>(() => {});

describe("a durable run in another process", () => {
  it("carries out a named undo that was deferred in the first one", async () => {
    const released: unknown[] = [];
    const result = await inTwo((isSecond) =>
      pipeline({
        name: "p",
        steps: [
          step({
            name: "reserve",
            run: (_ctx, { defer }) => defer("release", { sku: "tea" }),
            undos: { release: (_ctx, data) => released.push([isSecond, data]) },
          }),
          step({
            name: "end",
            run: () => {
              if (!isSecond) return hang();
              throw new Error("declined");
            },
          }),
        ],
      }), 2.5);
    assertEquals(failureOf(result).rollback.completed, ["reserve (deferred)"]);
    assertEquals(released, [[true, { sku: "tea" }]]);
  });

  it("has the args that the argsSchema returned the first time", async () => {
    let count = 0;
    const seen: unknown[] = [];
    const result = await inTwo((isSecond) =>
      pipeline({
        name: "p",
        argsSchema: type({ id: type("string").default(() => `o${++count}`) }),
        steps: [
          step({ name: "one", run: ({ id }: { id: string }) => void seen.push(id) }),
          step({ name: "two", run: () => isSecond ? undefined : hang() }),
        ],
      }), 3.5);
    assertEquals(seen, [dataOf(result).id]);
  });

  it("has the items that the collection returned the first time", async () => {
    const done: string[] = [];
    const result = await inTwo((isSecond) =>
      pipeline({
        name: "p",
        steps: [
          map("mails", () => isSecond ? ["zoe", "ann"] : ["ann", "bob"], async (to) => {
            if (!isSecond) await hang();
            done.push(to);
            return to;
          }),
        ],
      }), 2.5);
    assertEquals(dataOf(result).mails, ["ann", "bob"]);
    assertEquals(done, ["ann", "bob"]);
  });

  it("does not ask retryIf again", async () => {
    let asked = 0;
    const result = await inTwo((isSecond) =>
      pipeline({
        name: "p",
        steps: [
          step({
            name: "flaky",
            retry: { count: 1, delay: 1, retryIf: () => ++asked > 0 },
            run: async (_ctx, { attempt }) => {
              if (attempt === 1) throw new Error("busy");
              if (!isSecond) await hang();
              return { attempt };
            },
          }),
        ],
      }), 3.5);
    assertEquals(dataOf(result).attempt, 2);
    assertEquals(asked, 1);
  });

  it("does not ask retryIf again about an attempt that must not overlap", async () => {
    let asked = 0;
    const late = deferred<void>();
    const retryIf = () => {
      late.resolve();
      return ++asked > 0;
    };
    const result = await inTwo(
      (isSecond) =>
        pipeline({
          name: "p",
          steps: [
            step({
              name: "slow",
              timeout: 1,
              overlap: "never",
              retry: { count: 1, delay: 1, retryIf },
              run: async (_ctx, { attempt }) => {
                if (attempt === 1) {
                  await late.promise;
                  throw new Error("busy");
                }
                if (!isSecond) await hang();
                return { attempt };
              },
            }),
          ],
        }),
      3.5,
      { lateMs: 1 },
    );
    assertEquals(dataOf(result).attempt, 2);
    assertEquals(asked, 1);
  });

  it("stays timed out, and never goes forward after that", async () => {
    for (const at of [3, 3.5, 4, 4.5, 5, 5.5]) {
      const log: string[] = [];
      const effect = (name: string) =>
        step({
          name,
          run: () => void log.push(name),
          rollback: () => void log.push(`undo ${name}`),
        });
      const result = await inTwo(
        (isSecond) =>
          pipeline({
            name: "p",
            timeout: 20,
            steps: [
              effect("one"),
              step({
                name: "slow",
                run: (_ctx, { signal }) =>
                  new Promise<void>((resolve) => {
                    if (isSecond) setTimeout(resolve, 1);
                    signal.addEventListener("abort", () => resolve());
                  }),
              }),
              effect("two"),
            ],
          }),
        at,
        { lateMs: 20 },
      );
      const undone = log.indexOf("undo one");
      if (undone >= 0) {
        assertInstanceOf(failureOf(result).error, TimeoutError);
        assert(!log.slice(undone).includes("two"), `${at}: ${log}`);
      } else assertEquals([...new Set(log)], ["one", "two"], `${at}`);
    }
  });

  it("undoes by key a call that died with its process after a timeout, and does not make it again", async () => {
    const log: string[] = [];
    const slow = (isSecond: boolean) =>
      step({
        name: "slow",
        run: () => {
          log.push(`slow in ${isSecond ? 2 : 1}`);
          return hang();
        },
        undoByKey: () => void log.push("undo slow"),
      });
    const result = await inTwo(
      (isSecond) => pipeline({ name: "p", timeout: 10, steps: [slow(isSecond)] }),
      3.5,
    );
    assertInstanceOf(failureOf(result).error, TimeoutError);
    assertEquals(log, ["slow in 1", "undo slow"]);
  });

  it("returns only after an undo by key that is due later", async () => {
    for (const killAt of [Infinity, 3.5, 4, 4.5, 5, 5.5, 6, 6.5]) {
      const undone: string[] = [];
      const charge = step({
        name: "charge",
        run: () => Promise.reject(new Error("answer lost")),
        undoByKey: { run: (_ctx, { effectKey }) => void undone.push(effectKey), afterMs: 5 },
      });
      const flow = pipeline({ name: "p", steps: [charge] });
      const result = await inTwo(() => flow, killAt);
      assertEquals(failureOf(result).error.message, "answer lost");
      assertEquals([...new Set(undone)], ["r/p/charge"], `${killAt}`);
      assert(undone.length <= (killAt === Infinity ? 1 : 2));
    }
  });

  it("fails as it would in one process, if a branch stopped because another had failed", async () => {
    const bad = step({ name: "bad", run: () => Promise.reject(new Error("declined")) });
    const polite = step({
      name: "polite",
      run: (_ctx, { signal }) =>
        new Promise<void>((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    });
    const result = await inTwo(() => pipeline({ name: "p", steps: [parallel(bad, polite)] }), 3.5);
    const { error, failedStep } = failureOf(result);
    assertEquals([error.message, failedStep], ["declined", "parallel(bad, polite)/bad"]);
  });

  it("waits for an abandoned attempt inside its call, and undoes it when it lands", async () => {
    const log: string[] = [];
    const charge = step({
      name: "charge",
      timeout: 5,
      retry: { count: 1 },
      run: async (_ctx, { attempt }) => {
        await new Promise((resolve) => setTimeout(resolve, attempt === 1 ? 30 : 1));
        log.push(`charge ${attempt}`);
        return { id: attempt };
      },
      rollback: (_ctx, { id }) => void log.push(`refund ${id}`),
    });
    const table = new Table();
    const orders = durable(pipeline({ name: "p", steps: [charge] }), { store: table.worker() });
    const result = await orders.run({}, { runId: "r" });
    const rows = table.rows.get("r")!.length;
    assertEquals(dataOf(result).id, 1);
    assertEquals(log, ["charge 1"]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assertEquals(table.rows.get("r")!.length, rows);
  });
});

describe("a durable run", () => {
  it("is answered from its record when its id is used again", async () => {
    const store = new Table().worker();
    let runs = 0;
    const once = step({ name: "once", run: () => ({ runs: ++runs }) });
    const one = durable(once, { store });
    assertEquals(dataOf(await one.run({}, { runId: "r" })), { runs: 1 });
    const again = await durable(once, { store }).run({}, { runId: "r" });
    assertEquals([dataOf(again), again.meta.runId], [{ runs: 1 }, "r"]);
  });

  it("waits for an event that comes from another worker, before or after it asks", async () => {
    for (const early of [true, false]) {
      const table = new Table();
      const approval = waitFor("approval", { provides: type({ by: "string" }) });
      const make = () =>
        durable(pipeline({ name: "p", steps: [sleep("nap", 20), approval] }), {
          store: table.worker(),
          leaseMs: 30,
        });
      const running = make().run({}, { runId: "r" });
      if (!early) await until(async () => (await make().list())[0]?.state === "waiting");
      await until(() => Promise.resolve(table.rows.has("r")));
      await make().send("r", "approval", { by: "ann" });
      assertEquals(dataOf(await running).by, "ann");
    }
  });

  it("is cancelled from another worker, and rolled back", async () => {
    const table = new Table();
    const undone: string[] = [];
    const one = step({ name: "one", run: () => {}, rollback: () => void undone.push("one") });
    const make = () =>
      durable(pipeline({ name: "p", steps: [one, sleep("days", 86_400_000)] }), {
        store: table.worker(),
        leaseMs: 30,
      });
    const running = make().run({}, { runId: "r" });
    await until(async () => (await make().list())[0]?.state === "waiting");
    await make().cancel("r", "changed my mind");
    const { error, rollback } = failureOf(await running);
    assert(isRunsheetError(error, "ABORTED"));
    assertEquals([undone, rollback.completed], [["one"], ["one"]]);
  });

  it("is driven by one worker at a time", async () => {
    const table = new Table();
    let effects = 0;
    const make = () =>
      durable(
        step({
          name: "one",
          run: async () => {
            effects++;
            await new Promise((resolve) => setTimeout(resolve, 40));
            return { effects };
          },
        }),
        { store: table.worker() },
      );
    const results = await Promise.all([1, 2, 3].map(() => make().run({}, { runId: "r" })));
    assertEquals(results.map(dataOf), Array(3).fill({ effects: 1 }));
  });

  it("writes nothing more once another worker has taken it over", async () => {
    const table = new Table();
    const open = deferred();
    const make = (isFirst: boolean) =>
      durable(
        step({
          name: "one",
          run: () => isFirst ? open.promise.then(() => ({ by: 1 })) : { by: 2 },
        }),
        { store: isFirst ? stalled(table, open.promise) : table.worker(), leaseMs: 30 },
      );
    const first = make(true).run({}, { runId: "r" });
    await until(() => Promise.resolve((table.rows.get("r")?.length ?? 0) >= 2));
    const second = dataOf(await make(false).run({}, { runId: "r" }));
    const rows = table.rows.get("r")!.length;
    open.resolve();
    assertEquals([dataOf(await first), second], [{ by: 2 }, { by: 2 }]);
    assertEquals(table.rows.get("r")!.length, rows);
  });
});

/** A worker that does not renew its first lease until it wakes up. */
function stalled(table: Table, waking: Promise<void>) {
  const store = table.worker();
  const append = store.append.bind(store);
  store.append = async (runId, seq, row) => {
    if (row.includes('"kind":"lease"') && seq > 1) await waking;
    return await append(runId, seq, row);
  };
  return store;
}
