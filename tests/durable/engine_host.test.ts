import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import {
  type AnyStep,
  fallback,
  map,
  parallel,
  pipeline,
  type Schema,
  step,
  when,
} from "@runsheet/runsheet";
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

/** An engine that waits for everything that was begun; `given` is its answer. */
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
  it("works for an engine that identifies calls only by their order, killed everywhere", async () => {
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

  it("delivers outcomes one after the other, in the order of the engine", async () => {
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

  it("cuts an error that is too large to be recorded, wherever it comes from, and undoes", async () => {
    const huge = () =>
      Object.assign(new RangeError("h".repeat(100_000)), { body: "b".repeat(100_000) });
    const fail = () => Promise.reject(huge());
    const places: Record<string, AnyStep> = {
      "fails": step({ name: "fails", run: fail }),
      "fails with a large field": step({
        name: "fails",
        run: () => Promise.reject(Object.assign(huge(), { message: "h" })),
      }),
      "fails with many fields": step({
        name: "fails",
        run: () =>
          Promise.reject(
            Object.assign(
              new RangeError("h"),
              Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`field${n}`, n])),
            ),
          ),
      }),
      "fails with a large cause": step({
        name: "fails",
        run: () => Promise.reject(new RangeError("h", { cause: huge() })),
      }),
      "fails each time": step({ name: "fails", run: fail, retry: { count: 3 } }),
      "is given up, and fails late": step({
        name: "fails",
        run: () => delay(20).then(fail),
        timeout: 5,
      }),
      "a predicate": when(fail, step({ name: "never", run: () => {} })),
      "an item": map("items", () => [1, 2], fail),
      "the items": map("items", fail, () => {}),
      "a deferred undo": step({
        name: "fails",
        undos: { close: fail },
        run(_ctx: object, { defer }) {
          defer("close", 1);
          throw new RangeError("h");
        },
      }),
    };
    for (const [place, failing] of Object.entries(places)) {
      const undone: string[] = [];
      const first = step({
        name: "first",
        run: () => {},
        rollback: () => void undone.push("first"),
      });
      const last = step({ name: "last", run: () => {}, rollback: fail });
      const order = pipeline({ name: "order", steps: [first, last, failing] });
      const host = engineHost(waves(), codec([], { maxBytes: 60_000 }));
      const result = await order.run({} as never, { host });
      assert(!result.success, place);
      assertEquals(undone, ["first"], place);
      assertEquals(result.rollback.failed.at(-1)?.step, "last", place);
      const end = decode(encode(endOf(result, codec([], { maxBytes: 60_000 })))) as ReturnType<
        typeof endOf
      >;
      assert(!end.success && /h/.test(end.error.message), place);
      assert(encode(end).length <= 60_000, place);
    }
  });

  it("cuts an error so that logs still print no refused value", async () => {
    const issues = (count: number) => Array(count).fill({ message: "is 4242", path: ["card"] });
    const refusals = {
      few: () => ({ issues: issues(2) }),
      many: () => ({ issues: issues(20) }),
      thrown: () => {
        throw new Error("read 4242");
      },
    };
    const told: Record<string, unknown> = {};
    for (const [how, validate] of Object.entries(refusals)) {
      const argsSchema: Schema<{ card: string }> = {
        "~standard": { version: 1, vendor: "test", validate },
      };
      const order = pipeline({ name: "order", argsSchema, steps: [] });
      const result = await order.run({ card: "4242" });
      assert(!result.success, how);
      result.error.message += "l".repeat(100_000);
      const end = decode(encode(endOf(result, codec([], { maxBytes: 20_000 }))));
      const text = JSON.stringify(resultOf("order", "r", {}, end as ReturnType<typeof endOf>));
      assert(!text.includes("4242"), text);
      const { issues, cause } = JSON.parse(text).error;
      told[how] = [issues?.length, cause];
    }
    assertEquals(told, { few: [2, undefined], many: [undefined, undefined], thrown: [1, "Error"] });
  });

  it("gives the run a cut error at once, as a replay would", async () => {
    class Declined extends Error {
      override name = "Declined";
      code = 402;
      body = "b".repeat(100_000);
    }
    const given: unknown[] = [];
    const charge = step({
      name: "charge",
      run: () => Promise.reject(new Declined("d".repeat(100_000))),
    });
    const order = fallback(charge, (error) => {
      given.push(error instanceof Declined, error.message.length, { ...error });
      return {};
    });
    const result = await order.run({}, {
      host: engineHost(waves(), codec([Declined], { maxBytes: 60_000 })),
    });
    assert(result.success);
    assertEquals(given, [true, 1_000, { name: "Declined", code: 402 }]);
  });

  it("retries after an error that was cut", async () => {
    let attempts = 0;
    const charge = step({
      name: "charge",
      retry: { count: 2, retryIf: () => true },
      run() {
        if (++attempts < 3) throw new Error("d".repeat(100_000));
      },
    });
    const result = await charge.run({}, {
      host: engineHost(waves(), codec([], { maxBytes: 60_000 })),
    });
    assertEquals([result.success, attempts], [true, 3]);
  });

  it("undoes everything that an attempt has deferred, even if it is too much to be recorded", async () => {
    const undone: unknown[] = [];
    const open = step({
      name: "open",
      undos: { close: (_ctx, { n }: { n: number }) => void undone.push(n) },
      run(_ctx: object, { defer }) {
        for (let n = 0; n < 5; n++) defer("close", { n, text: "t".repeat(20_000) });
      },
    });
    const recorded: string[] = [];
    const engine = waves();
    const host = engineHost({
      ...engine,
      call: (call, make) =>
        engine.call(call, () => make().then((text) => (recorded.push(text), text))),
    }, codec([], { maxBytes: 60_000 }));
    const result = await open.run({}, { host });
    assert(!result.success);
    assertEquals(undone, [4, 3, 2, 1, 0]);
    assertEquals((decode(recorded[0]!) as { deferred: unknown }).deferred, 5);
  });

  it("keeps the beginning of a report that is too long to be recorded, so that the run ends", async () => {
    const one = step({
      name: "one",
      run: () => {},
      rollback: () => Promise.reject(new Error("縮".repeat(1_000))),
    });
    const last = step({ name: "last", run: () => Promise.reject(new Error("縮".repeat(1_000))) });
    const items = Array.from({ length: 100 }, (_, n) => ({ n }));
    const order = pipeline({ name: "order", steps: [map("items", () => items, one), last] });
    const limited = codec([], { maxBytes: 65_536 });
    const result = await order.run({}, { host: engineHost(waves(), limited) });
    const end = limited.decode(limited.encode(endOf(result, limited))) as ReturnType<typeof endOf>;
    assert(!end.success);
    assertEquals(end.failed.length, 11);
    assertEquals(end.failed[0]?.step, "map(items)[99]/one");
    assertEquals(end.failed[10]?.step, "and 90 more");
    assertEquals(end.failed[0]?.error.message.length, 300);
  });

  it("ends the run without a rollback when the engine rejects with its own signal", async () => {
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

describe("the record of an adapter", () => {
  const pay = step({ name: "pay", run: () => ({ at: new Date(0) }), rollback: () => {} });
  const order = pipeline({ name: "order", steps: [pay] });

  it("has the parts of the pipeline, so that another pipeline is refused", () => {
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
