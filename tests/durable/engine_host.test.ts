import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { parallel, pipeline, step } from "@runsheet/runsheet";
import {
  codec,
  endOf,
  type Engine,
  engineHost,
  lackOf,
  resultOf,
  shapeOf,
} from "@runsheet/runsheet/durable";
import { assertConforms, conform, inProcess } from "@runsheet/runsheet/testing";
import { Journal, journalHost } from "../support/journal_engine.ts";

const { encode, decode } = codec();
type Outs = (readonly [id: string, out: unknown])[];

/** An engine that waits for all that was begun; `given` is what it then gives. */
function waves(given: (outs: Outs) => Outs = (outs) => outs): Engine<Promise<unknown>> {
  return {
    name: "order",
    lateMs: 1_000,
    call: (_call, make) => make(),
    sleep: () => Promise.resolve(),
    event: () => Promise.resolve(),
    async next(pending) {
      const outs = [...pending].map(async ([id, out]) => [id, await out] as const);
      return given(await Promise.all(outs));
    },
  };
}

describe("engineHost()", () => {
  it("serves an engine that knows calls only by their order, killed everywhere", async () => {
    const waitMs = 100;
    const report = await conform((outside) => {
      const journal = new Journal();
      const target = inProcess((saga, mortal) => ({
        run: (args, { runId }) =>
          saga.run(args, { runId, host: journalHost(journal, mortal(journal), codec()) }),
        send: (_runId, _name, data) => Promise.resolve(journal.send(data)),
        cancel: () => Promise.resolve(journal.cancel()),
      }), { waitMs });
      return target(outside);
    }, { waitMs, every: 3, concurrency: 8, patienceMs: 60_000 });
    // An engine fences off a worker that wakes up; this one does not.
    assertConforms({ runs: report.runs.filter(({ name }) => !name.includes("stalls")) });
  });

  it("gives what came out one after the other, in the order of the engine", async () => {
    const begun: string[] = [];
    const branch = (name: string) =>
      pipeline({
        name,
        steps: [
          step({ name: "one", run: () => void begun.push(`${name} 1`) }),
          step({ name: "two", run: () => void begun.push(`${name} 2`) }),
        ],
      });
    const seen: string[] = [];
    const host = engineHost(waves((outs) => outs.reverse()), codec());
    const observed = {
      ...host,
      durable: host.durable,
      outside: (change: 1 | -1) => host.outside!(change),
      sleep: host.sleep.bind(host),
      async perform(...[call, fn]: Parameters<typeof host.perform>) {
        const outcome = await host.perform(call, fn);
        seen.push(call.id);
        return outcome;
      },
    };
    const both = parallel(branch("b"), branch("a"));
    const result = await both.run({}, { host: observed });
    assert(result.success);
    assertEquals(begun, ["a 1", "b 1", "a 2", "b 2"]);
    assertEquals(
      seen,
      ["b/one@1", "a/one@1", "b/two@1", "a/two@1"].map((id) => `${both.name}/${id}`),
    );
  });

  it("fails a step whose output cannot be recorded, and undoes it", async () => {
    const undone: unknown[] = [];
    const open = step({
      name: "open",
      run: () => ({ close: () => {} }),
      rollback: (_ctx, { close }) => void undone.push(typeof close),
    });
    const result = await open.run({}, { host: engineHost(waves(), codec()) });
    assert(!result.success);
    assertEquals(
      result.error.message,
      "Cannot record 'open' as what it returns must be data that can be recorded: it.value.close is a function",
    );
    assertEquals(undone, ["function"]);
  });

  it("ends the run without a rollback when the engine gives its own signal", async () => {
    const undone: string[] = [];
    const pay = step({ name: "pay", run: () => {}, rollback: () => void undone.push("pay") });
    const ship = step({ name: "ship", run: () => {} });
    let asked = 0;
    const engine: Engine<Promise<unknown>> = {
      ...waves(),
      next: (pending) => ++asked > 1 ? Promise.reject(new Error("suspend")) : waves().next(pending),
    };
    const order = pipeline({ name: "order", steps: [pay, ship] });
    const host = engineHost(engine, codec());
    await assertRejects(() => order.run({}, { host }), Error, "suspend");
    assertEquals(undone, []);
  });
});

describe("what an adapter records", () => {
  const pay = step({ name: "pay", run: () => ({ at: new Date(0) }), rollback: () => {} });
  const order = pipeline({ name: "order", steps: [pay] });

  it("has the parts of the pipeline, so that another one is refused", () => {
    const began = decode(encode(shapeOf(order))) as ReturnType<typeof shapeOf>;
    assertEquals(lackOf(shapeOf(order), began), undefined);
    const other = pipeline({ name: "order", steps: [step({ name: "ship", run: () => {} })] });
    assertEquals(
      lackOf(shapeOf(other), began),
      "every step that it began with must be there: 'pay' is not",
    );
  });

  it("has the end of the run, from which another process makes the result", async () => {
    const result = await order.run({}, { runId: "o1" });
    const end = decode(encode(endOf(result, codec()))) as ReturnType<typeof endOf>;
    const again = resultOf("order", "o1", {}, end);
    assertEquals(again.success && again.data, { at: new Date(0) });
    assertEquals(again.meta.stepsExecuted, ["pay"]);
  });
});
