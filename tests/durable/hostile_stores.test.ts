// Stores and senders as hostile as networks are: answers are lost, and other writers come in
// between.
import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  ConfigError,
  fallback,
  isRunsheetError,
  pipeline,
  step,
  waitFor,
} from "@runsheet/runsheet";
import { durable, type Store } from "@runsheet/runsheet/durable";
import { type } from "arktype";
import { type KillableStore, Table } from "../support/kill_store.ts";
import { dataOf, failureOf } from "../support/results.ts";

/** A store that calls `meddle` around its n-th append. */
function meddled(
  store: KillableStore,
  at: number,
  meddle: (append: () => Promise<boolean>) => Promise<boolean>,
): Store & { readonly count: () => number } {
  const append = store.append.bind(store);
  let count = 0;
  return {
    load: store.load.bind(store),
    list: store.list.bind(store),
    append: (...row) => count++ === at ? meddle(() => append(...row)) : append(...row),
    count: () => count,
  };
}

/** An order that fails after its approval, and counts what it does. */
function order() {
  const counts = { charges: 0, refunds: 0, ends: 0 };
  const flow = pipeline({
    name: "order",
    steps: [
      step({
        name: "charge",
        run: () => ({ charged: ++counts.charges }),
        rollback: () => void counts.refunds++,
      }),
      waitFor("approval"),
      step({ name: "end", run: () => void counts.ends++ }),
    ],
  });
  return { counts, flow };
}

describe("a durable run", () => {
  it("receives an event, whatever it was about to write when the event came", async () => {
    for (let at = 0;; at++) {
      const table = new Table();
      const { flow } = order();
      const other = durable(flow, { store: table.worker() });
      const store = meddled(table.worker(), at, async (append) => {
        await other.send("r", "approval");
        return await append();
      });
      const running = durable(flow, { store }).run({}, { runId: "r" });
      if (await Promise.race([running, parked(other)]) === "parked") {
        assert(at >= store.count(), `the run sleeps though an event came before append ${at}`);
        await other.send("r", "approval");
        dataOf(await running);
        return;
      }
      dataOf(await running);
    }
  });

  it("learns of a cancellation, whatever it was about to write when that came", async () => {
    for (let at = 0;; at++) {
      const table = new Table();
      const { flow, counts } = order();
      const other = durable(flow, { store: table.worker() });
      const store = meddled(table.worker(), at, async (append) => {
        await other.cancel("r");
        return await append();
      });
      const running = durable(flow, { store }).run({}, { runId: "r" });
      const isParked = await Promise.race([running, parked(other)]) === "parked";
      if (isParked) {
        assert(at >= store.count(), `the run sleeps though it was cancelled before append ${at}`);
        await other.cancel("r");
      }
      assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
      assertEquals(counts.refunds, counts.charges);
      if (isParked) return;
    }
  });

  it("keeps an event that came too late for one wait for the next wait of that name", async () => {
    for (let at = 0;; at++) {
      const table = new Table();
      const provides = type({ by: "string" });
      const takers: string[] = [];
      const flow = pipeline({
        name: "p",
        steps: [
          fallback(waitFor("approval", { provides, timeout: 2 }), () => ({ by: "nobody" })),
          step({ name: "log", run: ({ by }: { by: string }) => void takers.push(by) }),
          waitFor("approval", { provides }),
        ],
      });
      const other = durable(flow, { store: table.worker() });
      const store = meddled(table.worker(), at, async (append) => {
        await other.send("r", "approval", { by: "ann" });
        return await append();
      });
      const append = store.append.bind(store);
      store.append = async (...row) => {
        for (let turns = 0; turns < 3; turns++) await turn();
        return await append(...row);
      };
      const runs = durable(flow, { store });
      const running = runs.run({}, { runId: "r" });
      if (await Promise.race([running, parked(other)]) === "parked") {
        const isTaken = takers.includes("ann");
        assert(isTaken || at >= store.count(), `the event before append ${at} is lost`);
        await runs.stop();
        await running;
        if (!isTaken) return;
      }
    }
  });

  it("does everything once, whichever answer of its store is lost", async () => {
    for (const isTold of [true, false]) {
      for (let at = 0;; at++) {
        const table = new Table();
        const { flow, counts } = order();
        // A driver that tries again finds that the row is already there.
        const store = meddled(table.worker(), at, async (append) => {
          await append();
          if (isTold) return false;
          throw new Error("connection reset");
        });
        const runs = durable(flow, { store, leaseMs: 30 });
        const other = durable(flow, { store: table.worker() });
        let result: Awaited<ReturnType<typeof runs.run>>;
        await other.send("r", "approval");
        do {
          result = await runs.run({}, { runId: "r" });
          table.endLeases();
        } while (!result.success && result.failedStep === "<store>");
        dataOf(result);
        assertEquals(counts, { charges: 1, refunds: 0, ends: 1 }, `append ${at}`);
        if (at >= store.count()) break;
      }
    }
  });

  it("is followed to its end by the worker that loses it, whatever that was about to write", async () => {
    for (let at = 0;; at++) {
      const table = new Table();
      const { flow, counts } = order();
      const other = durable(flow, { store: table.worker(), leaseMs: 30 });
      const store = meddled(table.worker(), at, async (append) => {
        table.endLeases();
        await other.send("r", "approval");
        await other.resume();
        return await append();
      });
      const running = durable(flow, { store, leaseMs: 30 }).run({}, { runId: "r" });
      const isParked = await Promise.race([running, parked(other)]) === "parked";
      if (isParked) await other.send("r", "approval");
      dataOf(await running);
      assertEquals(counts.ends, 1, `append ${at}`);
      if (isParked) return;
    }
  });

  it("says what is wrong with a store that contradicts itself, and does not ask it for ever", async () => {
    const rows = "'load' must return the rows as they were appended:";
    const faults: readonly (readonly [string, (store: Store) => Partial<Store>])[] = [
      [
        "'append' must return false only if the run has a row 0: 'load' returns none",
        () => ({ append: () => false }),
      ],
      [
        "'load' must return the rows from 1 on: it returns row 0",
        ({ load }) => ({ load: (runId) => load(runId, 0) }),
      ],
      [
        `${rows} the start of the run must come first`,
        ({ load }) => ({ load: async (...at) => [...await load(...at)].reverse() }),
      ],
      [`${rows} it lost them`, () => ({ load: () => [] })],
      [`${rows} one is no list`, () => ({ load: () => ["{}"] })],
      [
        "'load' must return an array: current value is undefined",
        () => ({ load: () => undefined as never }),
      ],
    ];
    for (const [sentence, fault] of faults) {
      const table = new Table();
      const other = durable(order().flow, { store: table.worker() });
      const meddling = meddled(table.worker(), 1, async (append) => {
        await other.send("r", "approval");
        return await append();
      });
      const store = { ...meddling, ...fault(meddling) };
      const run = () => durable(order().flow, { store }).run({}, { runId: "r" });
      let result = await run();
      table.endLeases();
      if (result.success) result = await run();
      const { failedStep, error } = failureOf(result);
      assertEquals(failedStep, "<store>", error.message);
      assertEquals(error.message, `Cannot continue run 'r' here as ${sentence}`);
    }
  });

  it("rejects with a StoreFailure whatever is asked of a store that fails", async () => {
    const down = () => Promise.reject(new Error("connection reset"));
    const worker = new Table().worker();
    const { flow } = order();
    const at = (store: Partial<Store>) => durable(flow, { store: { ...stored(worker), ...store } });
    const here = "Cannot continue run 'r' here as its store must answer: connection reset";
    const list = "Cannot list the runs of 'order' as";
    const ids = "'list' must return ids: current value is an object with keys [run]";
    const asked = [
      [() => at({ list: down }).resume(), `${list} its store must answer: connection reset`],
      [() => at({ list: down }).list(), `${list} its store must answer: connection reset`],
      [() => at({ list: () => [{ run: "r" }] as never }).list(), `${list} ${ids}`],
      [() => at({ append: down }).send("r", "approval"), here],
      [() => at({ load: down }).cancel("r"), here],
    ] as const;
    for (const [ask, sentence] of asked) {
      const { name, message } = await assertRejects(ask, Error);
      assertEquals([name, message], ["StoreFailure", sentence]);
    }
  });

  it("says what is wrong with a store that returns something else", async () => {
    const worker = new Table().worker();
    const { flow } = order();
    const silent = { ...stored(worker), append: (...row: Row) => void worker.append(...row) };
    const parsed = { ...stored(worker), load: () => [[{ kind: "start" }]] };
    const messages = [];
    for (const store of [silent, parsed]) {
      const result = await durable(flow, { store: store as never }).run({}, { runId: "r" });
      const { failedStep, error } = failureOf(result);
      assertEquals(failedStep, "<store>");
      messages.push(error.message);
    }
    assertStringIncludes(
      messages[0]!,
      "'append' must return a boolean: current value is undefined",
    );
    assertStringIncludes(messages[1]!, "'load' must return the rows as they were appended");
  });

  it("calls nothing if it was cancelled before it began", async () => {
    const { flow, counts } = order();
    const runs = durable(flow, { store: new Table().worker() });
    const signal = AbortSignal.abort();
    assert(!(await runs.run({}, { runId: "a", signal })).success);
    await runs.cancel("b");
    assert(!(await runs.run({}, { runId: "b" })).success);
    assertEquals(counts.charges, 0);
  });

  it("notices its signal whatever the reason is, and even if the store fails just then", async () => {
    const table = new Table();
    const undone: string[] = [];
    const controller = new AbortController();
    const worker = table.worker();
    let isDown = false;
    const store: Store = {
      ...stored(worker),
      append: (...row) => {
        if (!isDown || !row[2].includes('"kind":"cancel"')) return worker.append(...row);
        isDown = false;
        return Promise.reject(new Error("connection reset"));
      },
    };
    const hold = step({
      name: "hold",
      run: (_ctx, { signal }) => {
        isDown = true;
        controller.abort({ client: () => {} });
        return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      },
      rollback: () => void undone.push("hold"),
    });
    const runs = durable(pipeline({ name: "p", steps: [hold] }), { store });
    const running = runs.run({}, { runId: "r", signal: controller.signal });
    assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
    assertEquals(undone, ["hold"]);
  });

  it("refuses an event without a name, and a run without an id, before anything is recorded", async () => {
    const { flow } = order();
    const table = new Table();
    const runs = durable(flow, { store: table.worker() });
    const end = 'must be a string that is not empty: current value is ""';
    const refused = [
      [() => runs.send("r", ""), `Cannot send an event as its name ${end}`],
      [() => runs.send("", "approval"), `Cannot send 'approval' as 'runId' ${end}`],
      [() => runs.cancel(""), `Cannot cancel a run as 'runId' ${end}`],
    ] as const;
    for (const [act, sentence] of refused) {
      assertEquals((await assertRejects(act, ConfigError)).message, sentence);
    }
    assertEquals(await runs.list(), []);
  });

  it("refuses data and reasons that cannot be recorded, by name", async () => {
    const { flow } = order();
    const runs = durable(flow, { store: new Table().worker() });
    const bad = { client: () => {} };
    const end = "as they must be data that can be recorded: it.client is a function";
    const sent = await assertRejects(() => runs.send("r", "approval", bad), Error);
    assertEquals(sent.message, `Cannot record the data of 'approval' ${end}`);
    const cancelled = await assertRejects(() => runs.cancel("r", bad), Error);
    assertEquals(cancelled.message, `Cannot record the reasons of a cancellation ${end}`);
  });

  it("is rolled back once even if it is cancelled meanwhile, and no longer changes afterwards", async () => {
    const table = new Table();
    const runs = durable(
      pipeline({
        name: "p",
        steps: [
          step({ name: "a", run: () => {}, rollback: () => undo("a") }),
          step({ name: "b", run: () => {}, rollback: () => undo("b") }),
          step({ name: "c", run: () => Promise.reject(new Error("declined")) }),
        ],
      }),
      { store: table.worker() },
    );
    const undone: string[] = [];
    const undo = async (name: string) => {
      undone.push(name);
      if (name === "b") await runs.cancel("r");
    };
    const result = failureOf(await runs.run({}, { runId: "r" }));
    assertEquals([result.error.message, result.rollback.completed], ["declined", ["b", "a"]]);
    const [before] = await runs.list();
    await runs.send("r", "approval");
    await runs.cancel("r");
    assertEquals(await runs.resume(), []);
    assertEquals(failureOf(await runs.run({}, { runId: "r" })).error.message, "declined");
    assertEquals((await runs.list())[0], before);
    assertEquals(undone, ["b", "a"]);
  });
});

type Row = Parameters<Store["append"]>;

function stored(store: KillableStore): Store {
  return {
    load: store.load.bind(store),
    append: store.append.bind(store),
    list: store.list.bind(store),
  };
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

/** Resolves when a run has ended, or has been waiting so long that nothing will wake it. */
async function parked(runs: { list(): Promise<readonly { state: string; until?: number }[]> }) {
  for (let turns = 0; turns < 10;) {
    await turn();
    const [run] = await runs.list();
    if (run?.state === "succeeded" || run?.state === "failed") return "ended" as const;
    turns = run?.state === "waiting" && run.until === Infinity ? turns + 1 : 0;
  }
  return "parked" as const;
}
