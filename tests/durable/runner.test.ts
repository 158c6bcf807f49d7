import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type AnyStep, deps, pipeline, step } from "@runsheet/runsheet";
import {
  codec,
  type OptionRule,
  type RecordOptions,
  type Runnable,
  Runner,
} from "@runsheet/runsheet/durable";
import { type } from "arktype";
import { dataOf, failureOf } from "../support/results.ts";

const pay = step({ name: "pay", run: ({ n }: { n: number }) => ({ paid: n }) });
const order = pipeline({ name: "order", steps: [pay] });
const isPositive = (n: number) => Number.isInteger(n) && n > 0;
const own: Record<string, OptionRule> = { shards: ["a positive integer", isPositive] };
const host = {
  perform: (_call: unknown, fn: () => never) => fn(),
  sleep: () => Promise.resolve(),
} as never;

function runnerOf(flow: AnyStep, options: unknown = {}): Runner<unknown, { readonly in?: string }> {
  return new Runner(
    flow as unknown as Runnable<unknown, { readonly in?: string }>,
    options as RecordOptions,
    {
      own,
    },
  );
}

describe("a Runner", () => {
  const refused: [unknown, string][] = [
    [null, "its options must be an object: current value is null"],
    [
      { shard: 1 },
      'its options must be among deps, errors, lateMs, onLate, shards, version: current value is "shard"',
    ],
    [{ shards: 0 }, "'shards' must be a positive integer: current value is 0"],
    [{ version: "" }, "'version' must be a string that is not empty: current value is \"\""],
    [{ onLate: 1 }, "'onLate' must be a function: current value is 1"],
    [
      { lateMs: 0 },
      "'lateMs' must be a number of milliseconds from 1 to 2147483647: current value is 0",
    ],
  ];
  for (const [options, message] of refused) {
    it(`refuses options: ${message}`, () => {
      const { message: said } = assertThrows(() => runnerOf(order, options), Error);
      assertEquals(said, `Cannot make 'order' durable as ${message}`);
    });
  }

  it("has a copy of the options, with the time that it waits for abandoned attempts", () => {
    const given = { shards: undefined, version: "1" };
    const { options } = new Runner(order, given, { own });
    given.version = "2";
    assertEquals(options as unknown, { lateMs: 60_000, version: "1" });
  });

  it("refuses what is larger than the engine stores, in bytes of UTF-8", () => {
    const { codec } = new Runner(order, {}, { maxBytes: 8 });
    assertEquals(codec.decode(codec.encode("éé")), "éé");
    const { message } = assertThrows(() => codec.encode("éééé"), TypeError);
    assertEquals(message, "must have at most 8 bytes: current value is 10");
    const more = new Runner(order, { maxBytes: 10 } as RecordOptions, {
      own: { maxBytes: ["a number of bytes", isPositive] },
      maxBytes: 8,
    });
    assertEquals(more.codec.encode("éééé"), '"éééé"');
  });

  it("lets a pipeline continue its own runs, and no others", () => {
    const { encode, decode } = codec();
    const said = (flow: AnyStep, options: RecordOptions) => {
      const began = decode(encode(new Runner(order, { version: "1" }).start)) as never;
      try {
        return runnerOf(flow, options).check("r", began);
      } catch (error) {
        return (error as Error).message;
      }
    };
    assertEquals(said(order, { version: "1" }), undefined);
    const { start } = new Runner(order, {});
    assertEquals(new Runner(order, {}).check("r", decode(encode(start)) as never), undefined);
    assertEquals(
      said(pipeline({ name: "refund", steps: [pay] }), { version: "1" }),
      "Cannot continue run 'r' of 'refund' as its pipeline must be 'order': current value is 'refund'",
    );
    assertEquals(
      said(order, { version: "2" }),
      "Cannot continue run 'r' of 'order' as its version must be 1: current value is 2",
    );
    assertEquals(
      said(pipeline({ name: "order", steps: [] }), { version: "1" }),
      "Cannot continue run 'r' of 'order' as every step that it began with must be there: 'pay' is not",
    );
  });

  it("refuses other args, args that cannot be recorded, and no id", () => {
    const runner = runnerOf(order);
    assertEquals(runner.checkArgs("r", { n: 1 }, { n: 1 }), undefined);
    assertEquals(runner.checkRun({ runId: "r" }), { runId: "r" });
    const said = [
      () => runner.checkArgs("r", { n: 1 }, { n: 2 }),
      () => runner.checkArgs("r", { n: () => 1 }, {}),
      () => runner.encode(() => 1, "Cannot send 'paid' as its data"),
      () => runner.checkRun({ runId: "" }),
      () => runner.checkRun({ runId: "r", signal: 1 } as never),
    ].map((call) => assertThrows(call, Error).message);
    assertEquals(said, [
      "Cannot run 'order' as a run of this id must have the args that it began with: 'r' has others",
      "Cannot record the args of 'order' as they must be data that can be recorded: it.n is a function",
      "Cannot send 'paid' as its data must be data that can be recorded: it is a function",
      "Cannot run 'order' as 'runId' must be a string that is not empty: current value is \"\"",
      "Cannot run 'order' as its options must be among runId: current value is \"signal\"",
    ]);
  });

  it("runs the pipeline with the deps of the options, or those of this process", async () => {
    const needs = pipeline({
      name: "order",
      deps: deps<{ db: string }>(),
      steps: [
        step({ name: "pay", run: ({ db }: { db: string }) => ({ in: db }) }),
      ],
    });
    const runner = runnerOf(needs, { deps: { db: "books" } });
    assertEquals(dataOf(await runner.run({}, { runId: "r", host })).in, "books");
    const here = { runId: "r", host, deps: { db: "other" } };
    assertEquals(dataOf(await runner.run({}, here)).in, "other");
  });

  it("rejects if the deps are wrong, as another process may continue the run", async () => {
    const needs = pipeline({ name: "order", deps: type({ db: "string" }), steps: [] });
    const { message } = await assertRejects(
      () => runnerOf(needs, { deps: { db: 1 } }).run({}, { runId: "r", host }),
      Error,
    );
    assertEquals(
      message,
      "Cannot continue run 'r' of 'order': Cannot run 'order' as its deps must be what 'deps' " +
        "says: db must be a string (was a number)",
    );
  });

  it("makes the result of a run that it did not drive", () => {
    const error = new Error("the engine is not there");
    const { failedStep, meta } = failureOf(runnerOf(order).refused("r", { n: 1 }, error));
    assertEquals([failedStep, meta.runId], ["<options>", "r"]);
  });
});
