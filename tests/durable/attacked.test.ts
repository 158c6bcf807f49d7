// Findings of strangers who had read only docs/durable.md.
import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { isRunsheetError, pipeline, step, TimeoutError, waitFor } from "@runsheet/runsheet";
import { durable, type Store } from "@runsheet/runsheet/durable";
import { Table } from "../support/kill_store.ts";
import { deferred } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const hang = () => new Promise<void>(() => {});

describe("a durable run", () => {
  it("is ended by its timeout while a call is in flight", async () => {
    const ran: string[] = [];
    const slow = (name: string) =>
      step({
        name,
        run: (_ctx, { signal }) =>
          new Promise<void>((resolve) => {
            ran.push(name);
            signal.addEventListener("abort", () => resolve());
          }),
      });
    const two = pipeline({ name: "p", timeout: 20, steps: [slow("a"), slow("b")] });
    const runs = durable(two, { store: new Table().worker(), lateMs: 20 });
    assertInstanceOf(failureOf(await runs.run({}, { runId: "r" })).error, TimeoutError);
    assertEquals(ran, ["a"]);
  });

  it("ends after lateMs even if a call never settles", async () => {
    const undone: string[] = [];
    const first = step({ name: "first", run: () => {}, rollback: () => void undone.push("first") });
    const stuck = step({
      name: "stuck",
      timeout: 10,
      run: hang,
      undoByKey: () => void undone.push("stuck"),
    });
    const runs = durable(pipeline({ name: "p", steps: [first, stuck] }), {
      store: new Table().worker(),
      lateMs: 10,
    });
    const { error } = failureOf(await runs.run({}, { runId: "r" }));
    assert(isRunsheetError(error, "TIMEOUT"));
    assertEquals(undone, ["stuck", "first"]);
  });

  it("reports an attempt that lands after lateMs, and an undo by its key is not a failure", async () => {
    for (const isVoided of [true, false]) {
      const late: string[] = [];
      const landing = deferred();
      const charge = step({
        name: "charge",
        timeout: 5,
        run: async () => {
          await landing.promise;
          return { id: 1 };
        },
        rollback: () => {},
        ...(isVoided && { undoByKey: () => {} }),
      });
      const runs = durable(charge, {
        store: new Table().worker(),
        lateMs: 5,
        onLate: ({ outcome }) => void late.push(outcome),
      });
      failureOf(await runs.run({}, { runId: "r" }));
      landing.resolve();
      while (late.length === 0) await wait(2);
      assertEquals(late, [isVoided ? "compensated" : "failed"]);
    }
  });

  it("fails a step that defers data which cannot be recorded, and undoes it", async () => {
    const undone: unknown[] = [];
    const open = step({
      name: "open",
      run: (_ctx, { defer }) => {
        defer("close", { id: 1 });
        defer("close", { client: () => {} });
      },
      undos: { close: (_ctx, data) => void undone.push(data) },
    });
    const runs = durable(open, { store: new Table().worker() });
    const { error } = failureOf(await runs.run({}, { runId: "r" }));
    assertEquals(
      error.message,
      "Cannot defer an undo in 'open' as the data of 'close' must be data that can be recorded: " +
        "it.client is a function",
    );
    assertEquals(undone, [{ id: 1 }]);
  });

  it("keeps a success whose data cannot be recorded, and says so when it is asked again", async () => {
    const store = new Table().worker();
    const named = pipeline({
      name: "p",
      middleware: [(_step, next) => async (ctx) => {
        const result = await next(ctx);
        return result.success
          ? { ...result, data: { ...result.data, url: new URL("x:y") } }
          : result;
      }],
      steps: [step({ name: "charge", run: () => {} })],
    });
    assert((await durable(named, { store }).run({}, { runId: "r" })).success);
    const { error } = failureOf(await durable(named, { store }).run({}, { runId: "r" }));
    assertEquals(
      error.message,
      "Cannot return the data of run 'r', which has succeeded, as they could not be recorded",
    );
    assertEquals((await durable(named, { store }).list())[0]?.state, "succeeded");
  });

  it("takes an event that was sent before it began", async () => {
    const store = new Table().worker();
    const runs = durable(waitFor("approval"), { store });
    await runs.send("r", "approval", {});
    assertEquals(dataOf(await runs.run({}, { runId: "r" })), {});
  });

  it("distinguishes a failed store from a failed run, and is continued", async () => {
    const table = new Table();
    let charges = 0;
    const charge = step({ name: "charge", run: () => ({ charges: ++charges }) });
    const flaky = table.worker();
    const append = flaky.append.bind(flaky);
    flaky.append = (runId, seq, row) =>
      seq === 2 ? Promise.reject(new Error("no disk")) : append(runId, seq, row);
    const first = failureOf(
      await durable(charge, { store: flaky }).run({}, { runId: "r" }),
    );
    assertEquals([first.failedStep, first.error.message], [
      "<store>",
      "Cannot continue run 'r' here as its store must answer: no disk",
    ]);
    table.endLeases();
    const again = durable(charge, { store: table.worker() });
    assertEquals(dataOf(await again.run({}, { runId: "r" })), { charges: 2 });
  });

  it("never rejects, whatever options it is given", async () => {
    const one = durable(step({ name: "one", run: () => {} }), { store: new Table().worker() });
    const hostile = {
      get runId(): string {
        throw new Error("trap");
      },
    };
    for (
      const options of [undefined, null, {}, { runId: "" }, { runId: "r", signal: {} }, hostile]
    ) {
      const result = await one.run({}, options as never);
      assertEquals(failureOf(result).failedStep, "<options>");
    }
  });

  it("learns of a cancellation at once in its own process", async () => {
    const controller = new AbortController();
    const runs = durable(
      step({
        name: "one",
        run: (_ctx, { signal }) =>
          new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
      }),
      { store: new Table().worker(), leaseMs: 60_000, lateMs: 20 },
    );
    const running = runs.run({}, { runId: "r", signal: controller.signal });
    await wait(10);
    controller.abort();
    assert(isRunsheetError(failureOf(await running).error, "ABORTED"));
  });
});

describe("rows that cannot be read", () => {
  it("are reported, and do not keep other runs from being continued", async () => {
    const table = new Table();
    const worker = table.worker(2.5);
    const charge = step({ name: "charge", run: () => ({ id: 1 }) });
    durable(charge, { store: worker }).run({}, { runId: "good" });
    await worker.death;
    table.rows.set("bad", ["{"]);
    const runs = durable(charge, { store: table.worker() as Store });
    const states = await runs.list();
    assertEquals(states.find(({ runId }) => runId === "bad")?.state, "unreadable");
    const [result] = await runs.resume();
    assertEquals(dataOf(result!), { id: 1 });
  });
});
