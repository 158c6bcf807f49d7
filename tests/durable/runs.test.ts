import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  type AnyStep,
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
import { durable, type DurableOptions, type Runnable } from "@runsheet/runsheet/durable";
import { type } from "arktype";
import { deferred } from "../support/deferred.ts";
import { Table } from "../support/kill_store.ts";
import { dataOf, failureOf } from "../support/results.ts";

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

  it("has the args that were made of the caller's the first time", async () => {
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

  it("has the items that the collection gave the first time", async () => {
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
            retry: { count: 1, retryIf: () => ++asked > 0 },
            run: async (_ctx, { attempt }) => {
              if (attempt === 1) throw new Error("busy");
              if (!isSecond) await hang();
              return { attempt };
            },
          }),
        ],
      }), 2.5);
    assertEquals(dataOf(result).attempt, 2);
    assertEquals(asked, 1);
  });

  it("keeps to the timeout that has struck, and never goes forward after it", async () => {
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

  it("undoes by key what died with its process after a timeout, and does not call it again", async () => {
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

  it("fails as it would in one, where a branch stopped because another had failed", async () => {
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

  it("waits for an abandoned attempt inside its call, and undoes what lands", async () => {
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

  it("refuses other args under an id that is taken", async () => {
    const store = new Table().worker();
    const one = durable(step({ name: "one", run: (ctx: { n: number }) => ctx }), { store });
    dataOf(await one.run({ n: 1 }, { runId: "r" }));
    const { error } = failureOf(await one.run({ n: 2 }, { runId: "r" }));
    assertEquals(
      error.message,
      "Cannot run 'one' as a run of this id must have the args that it began with: 'r' has others",
    );
  });

  it("refuses args that cannot be recorded, and records nothing", async () => {
    const table = new Table();
    const one = durable(step({ name: "one", run: (ctx: { client: unknown }) => ctx }), {
      store: table.worker(),
    });
    const { error } = failureOf(await one.run({ client: () => {} }, { runId: "r" }));
    assertEquals(
      error.message,
      "Cannot record the args of 'one' as they must be data that can be recorded: it.client is a function",
    );
    assertEquals(table.rows.size, 0);
  });

  it("refuses args and items that cannot be recorded, by name", async () => {
    const client = { send: () => {} };
    const argsSchema = type("object").pipe((args) => ({ ...args, client }));
    const items = map("mails", () => [client], () => 1);
    const messages = [];
    for (const flow of [{ argsSchema, steps: [] }, { steps: [items] }] as const) {
      const made = pipeline({ name: "p", ...flow } as never) as unknown;
      const runs = durable(made as Runnable<unknown, unknown>, { store: new Table().worker() });
      const result = await runs.run({}, { runId: "r" });
      messages.push(failureOf(result).error.message);
    }
    const constraint = "must be data that can be recorded: it.value";
    assertEquals(messages, [
      `Cannot record the args of 'p' as they ${constraint}.client.send is a function`,
      `Cannot record the items of 'map(mails)' as they ${constraint}[0].send is a function`,
    ]);
  });

  it("is refused at once with options that no run can have", () => {
    const store = new Table().worker();
    const one = step({ name: "one", run: () => {} });
    const Same = class TypeError extends Error {};
    const unnamed = (() => class extends Error {})();
    for (
      const [options, message] of [
        [
          { errors: [Same] },
          'Cannot make a codec as each class of errors must have a name of its own: current value is "TypeError"',
        ],
        [
          { errors: [unnamed] },
          'Cannot make a codec as each class of errors must have a name of its own: current value is ""',
        ],
        [
          { version: 2 },
          "Cannot make 'one' durable as 'version' must be a string that is not empty: current value is 2",
        ],
        [
          { onLate: {} },
          "Cannot make 'one' durable as 'onLate' must be a function: current value is ",
        ],
      ] as const
    ) {
      const thrown = assertThrows(() => durable(one, { store, ...options } as never), Error);
      assert(thrown.message.startsWith(message), thrown.message);
    }
  });

  it("undoes the step whose output cannot be recorded", async () => {
    const undone: unknown[] = [];
    const open = step({
      name: "open",
      retry: { count: 3 },
      run: () => ({ socket: new URL("http://localhost") }),
      rollback: (_ctx, output) => void undone.push(output.socket.href),
    });
    const { error, rollback } = failureOf(
      await durable(open, { store: new Table().worker() }).run({}, { runId: "r" }),
    );
    assertEquals(
      error.message,
      "Cannot record 'open' as what it returns must be data that can be recorded: it.value.socket is a URL",
    );
    assertEquals([undone, rollback.completed], [["http://localhost/"], ["open"]]);
  });

  it("refuses a function that is deferred, and undoes what was done", async () => {
    const first = step({ name: "first", run: () => {}, rollback: () => {} });
    const closing = step({ name: "closing", run: (_ctx, { defer }) => defer(() => {}) });
    const { error, rollback } = failureOf(
      await durable(pipeline({ name: "p", steps: [first, closing] }), {
        store: new Table().worker(),
      })
        .run({}, { runId: "r" }),
    );
    assert(isRunsheetError(error, "CONFIG"));
    assert(
      error.message.startsWith("Cannot defer an undo in 'closing' as another process can carry"),
    );
    assertEquals(rollback.completed, ["first"]);
  });

  it("is refused where a step that it began with is gone", async () => {
    const table = new Table();
    const steps = (name: string) => [step({ name, run: () => {} }), sleep("days", 86_400_000)];
    const make = (name: string, store = table.worker()) =>
      durable(pipeline({ name: "p", steps: steps(name) }), { store });
    const worker = table.worker();
    make("charge", worker).run({}, { runId: "r" });
    await until(async () => (await make("charge").list())[0]?.state === "waiting");
    worker.kill();
    await make("charge").cancel("r");
    const [refused] = await make("pay").resume();
    assertEquals(
      failureOf(refused!).error.message,
      "Cannot resume run 'r' of 'p' as every step that it began with must be there: 'charge' is not",
    );
    const [resumed] = await make("charge").resume();
    assert(isRunsheetError(failureOf(resumed!).error, "ABORTED"));
  });

  describe("whose pipeline has changed", () => {
    const days = sleep("days", 86_400_000);
    const charge = step({ name: "charge", run: () => {} });
    const hold = step({
      name: "hold",
      run: () => {},
      rollback: () => {},
      undos: { release: () => {} },
    });

    /** Begins a run with some steps, and resumes it with others. */
    async function resumed(before: readonly AnyStep[], after: readonly AnyStep[]) {
      const table = new Table();
      const make = (steps: readonly AnyStep[], store = table.worker()) =>
        durable(pipeline({ name: "p", steps: [...steps] }) as Runnable<unknown, unknown>, {
          store,
        });
      const worker = table.worker();
      make(before, worker).run({}, { runId: "r" });
      await until(async () => (await make(before).list())[0]?.state === "waiting");
      worker.kill();
      await make(before).cancel("r");
      const [result] = await make(after).resume();
      return failureOf(result!).error;
    }

    it("is refused where a step has become something else", async () => {
      const other = pipeline({ name: "charge", steps: [hold] });
      assertEquals(
        (await resumed([charge, days], [other, days])).message,
        "Cannot resume run 'r' of 'p' as every step must be of the kind that it began with: " +
          "'charge' is a pipeline, not a step",
      );
    });

    it("is refused where an undo is gone, also one by name", async () => {
      const { run } = { run: () => {} };
      const bare = step({ name: "hold", run, rollback: run });
      const unnamed = step({ name: "hold", run, undos: { release: run } });
      const messages = [await resumed([hold, days], [bare, days])];
      messages.push(await resumed([hold, days], [unnamed, days]));
      assertEquals(messages.map(({ message }) => message), [
        "Cannot resume run 'r' of 'p' as every undo that it began with must be there: 'release' of 'hold' is not",
        "Cannot resume run 'r' of 'p' as every undo that it began with must be there: 'rollback' of 'hold' is not",
      ]);
    });

    it("is refused where a step was added before the place that it has reached", async () => {
      assertEquals(
        (await resumed([charge, days], [hold, charge, days])).message,
        "Cannot resume run 'r' as no step must be added before the place that it has reached: 'hold' was",
      );
    });

    it("goes on where a step was added behind that place", async () => {
      const error = await resumed([charge, days], [charge, days, hold]);
      assert(isRunsheetError(error, "ABORTED"));
    });
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

  it("writes nothing any more once another worker has taken it over", async () => {
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

/** A worker that is not heard of after its first lease, until it wakes up. */
function stalled(table: Table, waking: Promise<void>) {
  const store = table.worker();
  const append = store.append.bind(store);
  store.append = async (runId, seq, row) => {
    if (row.includes('"kind":"lease"') && seq > 1) await waking;
    return await append(runId, seq, row);
  };
  return store;
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!await isTrue()) await new Promise((resolve) => setTimeout(resolve, 2));
}
