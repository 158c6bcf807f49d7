import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type BranchFailure,
  ConfigError,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  step,
  StrictOverlapError,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { assertCompensated, ledger, stub, sweep } from "@runsheet/runsheet/testing";
import { deferred, drain } from "../support/deferred.ts";
import { RecordingHost, ReplayingHost, throughJson } from "../support/hosts.ts";
import { dataOf, failureOf, plainOf } from "../support/results.ts";
import { boom, fail, logged } from "../support/steps.ts";

const collecting = parallel.with({ onFailure: "collect", failures: "failures" });
const a = step({ name: "a", run: () => ({ a: 1 }) });
const b = step({
  name: "b",
  run: (): { b: number } => {
    throw boom;
  },
});

describe("failures of branches that are collected", () => {
  for (
    const [form, p] of Object.entries({
      array: pipeline({ name: "p", steps: [collecting(a, b)] }),
      builder: pipeline({ name: "p" }).step(collecting(a, b)).build(),
    })
  ) {
    it(`are listed under their key, and the pipeline continues without what they add (${form})`, async () => {
      const result = await p.run();
      const data = dataOf(result);
      assertType<
        IsExact<typeof data, Readonly<{ a?: number; b?: number; failures: BranchFailure[] }>>
      >(
        true,
      );
      assertEquals(data, { a: 1, failures: [{ step: "b", error: boom }] });
      assertStrictEquals(data.failures[0]?.error, boom);
      assertEquals(result.meta.stepsExecuted, ["parallel(a, b)"]);
    });
  }

  it("are a list that is empty when none has failed", async () => {
    assertEquals(dataOf(await collecting(a).run({})), { a: 1, failures: [] });
  });

  it("are undone at once, each with its own effects, and not again when a later step fails", async () => {
    const log: string[] = [];
    const broken = pipeline({ name: "broken", steps: [logged("c", log), fail] });
    const group = collecting(logged("a", log), broken, logged("b", log));
    const later = step({ name: "later", run: () => void log.push("later") });
    const p = pipeline({ name: "p", steps: [group, later, fail] });
    const { rollback } = failureOf(await p.run());
    assertEquals(log, ["a", "c", "b", "undo c", "later", "undo b", "undo a"]);
    const path = "parallel(a, broken, b)";
    assertEquals(rollback.completed, [`${path}/broken/c`, `${path}/b`, `${path}/a`]);
  });

  it("do not abort the others", async () => {
    const gate = deferred();
    const slow = step({
      name: "slow",
      run: async (_ctx, { signal }) => {
        await gate.promise;
        return { aborted: signal.aborted };
      },
    });
    const running = collecting(fail, slow).run({});
    await drain();
    gate.resolve();
    const { aborted, failures } = dataOf(await running);
    assertEquals([aborted, failures.map(({ step }) => step)], [false, ["fail"]]);
  });

  it("have the branches' names, made unique, in the order in which the branches are written", async () => {
    const other = step({ name: "fail", run: () => drain().then(() => Promise.reject(boom)) });
    const { failures } = dataOf(await collecting(other, a, fail).run({}));
    assertEquals(failures.map(({ step }) => step), ["fail", "fail#2"]);
    assert(failures.every((failure) => Object.isFrozen(failure)));
  });

  it("report a failed undo", async () => {
    const stuck = step({ name: "stuck", run: () => {}, rollback: () => Promise.reject(boom) });
    const broken = pipeline({ name: "broken", steps: [stuck, b] });
    const { failures: [failure] } = dataOf(await collecting(broken).run({}));
    assert(isRunsheetError(failure?.error, "ROLLBACK"));
    assertStrictEquals(failure.error.causes[0], boom);
  });

  it("are not confused with an output that looks like one", async () => {
    const odd = step({ name: "odd", run: () => ({ success: false, error: boom, item: { a: 1 } }) });
    const data = dataOf(await collecting(odd, a).run({}));
    assertEquals(data, { success: false, error: boom, item: { a: 1 }, a: 1, failures: [] });
  });

  it("do not include the caller's abort", async () => {
    const controller = new AbortController();
    const abort = step({ name: "abort", run: () => controller.abort() });
    const group = collecting(abort, fail);
    const failure = failureOf(await group.run({}, { signal: controller.signal }));
    assert(isRunsheetError(failure.error, "ABORTED"));
  });

  it("are collected inside items, and around them", async () => {
    const inner = map("out", () => [1, 2], collecting(a, b), { as: "n" });
    const outer = parallel.with({ onFailure: "collect", failures: "outer", concurrency: 1 });
    const data = dataOf(await pipeline({ name: "p", steps: [outer(inner, fail)] }).run());
    const failures = [{ step: "b", error: boom }];
    assertEquals(data, {
      out: [{ a: 1, failures }, { a: 1, failures }],
      outer: [{ step: "fail", error: boom }],
    });
  });

  it("are the same when the run is replayed from its record", async () => {
    const p = pipeline({ name: "p", steps: [collecting(a, b)] });
    const recording = new RecordingHost();
    const first = await p.run({}, { host: recording });
    const host = new ReplayingHost(throughJson(recording.outcomes));
    assertEquals(
      JSON.stringify(plainOf(await p.run({}, { host }))),
      JSON.stringify(plainOf(first)),
    );
    assertEquals(host.unused, []);
  });

  it("leave nothing behind, whatever goes wrong", async () => {
    const books = ledger();
    const reserve = (name: string) =>
      step({
        name,
        run: async (_ctx, { key }) => {
          await books.addOnce(name, key);
          return { [name]: key };
        },
        rollback: {
          run: (_ctx, _output, { effectKey }) => books.remove(name, effectKey),
          timeout: 50,
        },
        undoByKey: { run: (_ctx, { effectKey }) => books.forbid(name, effectKey), timeout: 50 },
      });
    const group = collecting(
      reserve("a"),
      pipeline({ name: "q", steps: [reserve("b"), reserve("c")] }),
    );
    const report = await sweep(pipeline({ name: "p", steps: [group] }), {}, { ledger: books });
    assertCompensated(report);
    assert(report.rows.some(({ id, survived }) => id.includes("q/c@1") && survived));
  });

  it("are collected by a group that is rebuilt from other steps", async () => {
    const p = stub(pipeline({ name: "p", steps: [collecting(a, b)] }), {
      a: () => Promise.reject(boom),
    });
    assertEquals(dataOf(await p.run({})).failures.map(({ step }) => step), ["a", "b"]);
  });

  it("must have a key, which other policies must not have", () => {
    assertEquals(
      // @ts-expect-error name the key of the failures in 'failures'
      assertThrows(() => parallel.with({ onFailure: "collect" }), ConfigError).message,
      "Cannot create parallel() as 'failures' must be the key of what 'collect' collects: current value is undefined",
    );
    assertEquals(
      // @ts-expect-error failures are collected if onFailure is 'collect'
      assertThrows(() => parallel.with({ failures: "f", onFailure: "settle" }), ConfigError)
        .message,
      `Cannot create parallel() as 'failures' must stand beside an 'onFailure' of 'collect': current value is "f"`,
    );
    assertEquals(
      assertThrows(
        () => parallel.with({ onFailure: "collect", failures: "__proto__" }),
        ConfigError,
      ).message,
      `Cannot create parallel() as 'failures' must be another key: current value is "__proto__"`,
    );
  });

  it("count as provided in a strict pipeline", () => {
    const provides = type({ failures: "number" });
    const give = step({ name: "give", provides, run: () => ({ failures: 1 }) });
    const build = () => pipeline({ name: "p", strict: true, steps: [collecting(give)] });
    assertEquals(
      assertThrows(build, StrictOverlapError).message,
      "Cannot create strict pipeline 'p' as only one step may provide 'failures': " +
        "both 'give' and 'parallel(give)' do",
    );
  });
});
