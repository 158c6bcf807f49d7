import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type AnyStep,
  ConfigError,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  sleep,
  step,
  waitFor,
  when,
} from "@runsheet/runsheet";
import { durable, type Runnable } from "@runsheet/runsheet/durable";
import { type } from "arktype";
import { Table } from "../support/kill_store.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { until } from "../support/until.ts";

describe("a durable run", () => {
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

  it("is out of reach of another pipeline over the same table, whether it waits or has ended", async () => {
    const table = new Table();
    const make = (name: string) =>
      durable(pipeline({ name, steps: [waitFor("go")] }), { store: table.worker(), leaseMs: 30 });
    const [charge, refund] = [make("charge"), make("refund")];
    const running = charge.run({}, { runId: "r" });
    await until(async () => (await charge.list())[0]?.state === "waiting");
    for (const state of ["waiting", "succeeded"]) {
      const sent = await assertRejects(() => refund.send("r", "go"), ConfigError);
      const cancelled = await assertRejects(() => refund.cancel("r"), ConfigError);
      const { failedStep, error } = failureOf(await refund.run({}, { runId: "r" }));
      const end = "as no run of another pipeline may have its id: 'r' is one of 'charge'";
      assertEquals([failedStep, error.message, sent.message, cancelled.message], [
        "<options>",
        `Cannot run 'refund' ${end}`,
        `Cannot send 'go' to a run of 'refund' ${end}`,
        `Cannot cancel a run of 'refund' ${end}`,
      ]);
      assertEquals([await refund.list(), await refund.resume()], [[], []]);
      assertEquals((await charge.list())[0]?.state, state);
      await charge.send("r", "go");
      dataOf(await running);
    }
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

  it("is refused if a step that it began with is gone", async () => {
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

  it("is refused if its pipeline has another version", async () => {
    const table = new Table();
    const worker = table.worker();
    const make = (version: string, store = table.worker()) =>
      durable(sleep("days", 86_400_000), { store, version });
    make("1", worker).run({}, { runId: "r" });
    await until(async () => (await make("1").list())[0]?.state === "waiting");
    worker.kill();
    await make("1").cancel("r");
    const [refused] = await make("2").resume();
    assertEquals(
      failureOf(refused!).error.message,
      "Cannot resume run 'r' of 'days' as its version must be 1: current value is 2",
    );
    assert(isRunsheetError(failureOf((await make("1").resume())[0]!).error, "ABORTED"));
  });

  describe("whose pipeline has changed", () => {
    const days = sleep("days", 86_400_000);
    const charge = step({ name: "charge", run: () => {} });
    const log = step({ name: "log", run: () => {} });
    const hold = step({
      name: "hold",
      run: () => {},
      rollback: () => {},
      undos: { release: () => {} },
    });

    /** Begins a run with some steps, and resumes it with others. */
    async function resumed(
      before: readonly AnyStep[],
      after: readonly AnyStep[],
      more: object = {},
      moreAfter: object = more,
    ) {
      const table = new Table();
      const make = (steps: readonly AnyStep[], more: object, store = table.worker()) =>
        durable(
          pipeline({ name: "p", steps: [...steps], ...more }) as Runnable<unknown, unknown>,
          { store },
        );
      const worker = table.worker();
      make(before, more, worker).run({}, { runId: "r" });
      await until(async () => (await make(before, more).list())[0]?.state === "waiting");
      worker.kill();
      await make(before, more).cancel("r");
      const [result] = await make(after, moreAfter).resume();
      return failureOf(result!).error;
    }

    it("is refused if a step has become something else", async () => {
      const other = pipeline({ name: "charge", steps: [hold] });
      assertEquals(
        (await resumed([charge, days], [other, days])).message,
        "Cannot resume run 'r' of 'p' as every step must be of the kind that it began with: " +
          "'charge' is a pipeline, not a step",
      );
    });

    it("is refused if an undo is gone, even a named one", async () => {
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

    it("is refused if the path of a step has changed, as the groups around it have", async () => {
      const messages = [
        await resumed([days, parallel(charge, hold)], [days, parallel(charge, hold, log)]),
        await resumed([days, charge], [days, when(() => true, charge)]),
      ].map(({ message }) => message);
      const constraint = "every step that it began with must be there";
      assertEquals(messages, [
        `Cannot resume run 'r' of 'p' as ${constraint}: 'parallel(charge, hold)' is not`,
        `Cannot resume run 'r' of 'p' as ${constraint}: 'charge' is not`,
      ]);
    });

    it("is refused if its args are now validated, or no longer", async () => {
      const schema = { argsSchema: type("object") };
      const messages = [
        await resumed([charge, days], [charge, days], {}, schema),
        await resumed([charge, days], [charge, days], schema, {}),
      ].map(({ message }) => message);
      const start =
        "Cannot resume run 'r' as its args must be validated as they were when it began: ";
      assertEquals(messages, [`${start}'argsSchema' is new`, `${start}'argsSchema' is gone`]);
    });

    it("is refused if a step was added before the place that it has reached", async () => {
      assertEquals(
        (await resumed([charge, days], [hold, charge, days])).message,
        "Cannot resume run 'r' as no step must be added before the place that it has reached: 'hold' was",
      );
    });

    it("continues if a step or a group was added after that place, or the order there is another", async () => {
      for (
        const more of [[hold, log], [log, parallel(hold, charge)], [when(() => true, hold), log]]
      ) {
        const error = await resumed([charge, days, log], [charge, days, ...more]);
        assert(isRunsheetError(error, "ABORTED"), error.message);
      }
    });
  });
});
