import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type AnyStep,
  choice,
  fallback,
  filter,
  isRunsheetError,
  map,
  parallel,
  pipeline,
  type RunInfo,
  type RunOptions,
  step,
  unwrap,
  when,
} from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep } from "@runsheet/runsheet/testing";
import { drain } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { fail, logged } from "../support/steps.ts";

const sentence = (path: string) =>
  `Cannot run 'inner' in '${path}' as its undo must not be lost: pass the info of '${path}' to ` +
  "run(args, info), or 'apart: true'";

function innerOf(log: string[]) {
  return pipeline({ name: "inner", steps: [logged("a", log), logged("b", log)] });
}

/** Runs a pipeline inside a step, after an await or before any, with options made of the info. */
async function tell(
  log: string[],
  options: (info: RunInfo) => RunOptions | undefined,
  isLate = false,
) {
  const inner = innerOf(log);
  const outer = step({
    name: "outer",
    run: async (_ctx, info) => {
      if (isLate) await drain();
      return void unwrap(await inner.run({}, options(info)));
    },
  });
  return await pipeline({ name: "p", steps: [outer, fail] }).run();
}

describe("a run inside a step that is not given the step's info", () => {
  it("is refused with a sentence, and undone, as nothing could undo it later", async () => {
    const log: string[] = [];
    const { error, failedStep } = failureOf(await tell(log, () => undefined));
    assert(isRunsheetError(error, "CONFIG"));
    assertEquals([error.message, failedStep], [sentence("outer"), "outer"]);
    assertEquals(log, ["a", "b", "undo b", "undo a"]);
  });

  it("is also refused after an await, if it is given the step's signal", async () => {
    const log: string[] = [];
    const { error } = failureOf(await tell(log, ({ signal }) => ({ signal }), true));
    assertEquals(error.message, sentence("outer"));
    assertEquals(log, ["a", "b", "undo b", "undo a"]);
  });

  it("is refused in an item, in a group, and in a step that runs by itself", async () => {
    const inner = innerOf([]);
    const run = async () => void unwrap(await inner.run());
    const each = pipeline({ name: "p", steps: [map("k", () => [1], run)] });
    assertEquals(failureOf(await each.run()).error.message, sentence("map(k)[0]"));
    const outer = step({ name: "outer", run });
    const group = pipeline({ name: "p", steps: [parallel(outer)] });
    assertEquals(failureOf(await group.run()).error.message, sentence("parallel(outer)/outer"));
    assertEquals(failureOf(await outer.run({})).error.message, sentence("outer"));
  });

  it("is refused where there is no info to pass with a sentence that can be followed there", async () => {
    const inner = innerOf([]);
    const run = async () => Boolean(unwrap(await inner.run()));
    const ship = step({ name: "ship", run: () => {} });
    const alternative = async () => void await run();
    const places = [
      ["when(ship)", when(run, ship)],
      ["choice(ship)", choice([run, ship])],
      ["fallback(fail)", fallback(fail, alternative)],
    ] as const;
    for (const [path, place] of places) {
      const { error } = failureOf(await pipeline({ name: "p", steps: [place as AnyStep] }).run());
      assertStringIncludes(
        error.message,
        `Cannot run 'inner' in '${path}' as its undo must not be lost: run 'inner' in a step, ` +
          "which has an info to pass, or 'apart: true'",
      );
    }
    // It has an info.
    const kept = filter("k", () => [1], run);
    const { error } = failureOf(await pipeline({ name: "p", steps: [kept] }).run());
    assertStringIncludes(error.message, sentence("filter(k)[0]"));
  });

  it("is independent if it says so", async () => {
    for (const isLate of [false, true]) {
      const log: string[] = [];
      const { failedStep } = failureOf(
        await tell(log, ({ signal }) => ({ signal, apart: true }), isLate),
      );
      assertEquals([failedStep, log], ["fail", ["a", "b"]]);
    }
  });

  it("is allowed if there is nothing to undo in it", async () => {
    const read = step({ name: "read", run: (_ctx, { key }) => ({ key }) });
    const inner = pipeline({
      name: "inner",
      steps: [read, parallel.with({ undoConcurrency: 2 })(read)],
    });
    const outer = step({ name: "outer", run: async () => void unwrap(await inner.run()) });
    dataOf(await pipeline({ name: "p", steps: [outer] }).run());
  });

  it("is not confused with one that begins elsewhere, or in an undo", async () => {
    const log: string[] = [];
    const inner = innerOf(log);
    let begin = () => {};
    const elsewhere = new Promise<void>((resolve) => begin = resolve).then(() => inner.run());
    const outer = step({
      name: "outer",
      run: async () => {
        begin();
        await drain();
      },
      rollback: async () => void unwrap(await inner.run()),
    });
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [outer, fail] }).run());
    assertEquals(rollback.completed, ["outer"]);
    dataOf(await elsewhere);
    assertEquals(log, ["a", "b", "a", "b"]);
  });

  // The two calls below have the same arguments and the same stack: those of a continuation of the
  // event loop. Nothing but an AsyncLocalStorage, which the core does not have, distinguishes them.
  it("cannot be recognized after an await without its signal: the call looks like any other", async () => {
    const log: string[] = [];
    const inner = innerOf(log);
    const call = async () => {
      await drain();
      return unwrap(await inner.run({}));
    };
    const outer = step({ name: "outer", run: call });
    const [inside, elsewhere] = await Promise.all([
      pipeline({ name: "p", steps: [outer, fail] }).run(),
      call(),
    ]);
    assertEquals(failureOf(inside).failedStep, "fail");
    assertEquals(elsewhere, { a: "done", b: "done" } as never);
    assertEquals(log.filter((line) => line.startsWith("undo")), []);
  });

  it("is then found by a sweep, as before", async () => {
    for (const isTold of [false, true]) {
      const books = ledger();
      const charge = step({
        name: "charge",
        run: (_ctx, { key }) => books.add("charge", key),
        undoByKey: { run: (_ctx, { effectKey }) => books.forbid("charge", effectKey), timeout: 50 },
      });
      const inner = pipeline({ name: "inner", steps: [charge] });
      const outer = step({
        name: "outer",
        run: async (_ctx, info) => {
          await drain();
          unwrap(await inner.run({}, isTold ? info : { runId: info.key }));
        },
      });
      const p = pipeline({ name: "p", steps: [outer] as AnyStep[] });
      const report = await sweep(p, {} as never, { ledger: books });
      if (isTold) assertCompensated(report);
      else {
        const { message } = assertThrows(() => assertCompensated(report), Error);
        assertStringIncludes(message, "'outer' has no undo");
        assertStringIncludes(message, "pass it the step's info");
      }
    }
  });

  it("must say so with a boolean", async () => {
    const { error } = failureOf(await innerOf([]).run({}, { apart: 1 as never }));
    assertEquals(
      error.message,
      "Cannot run 'inner' as 'apart' must be a boolean: current value is 1",
    );
  });
});
