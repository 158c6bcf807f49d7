import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { isRunsheetError, map, pipeline, step, unwrap } from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep } from "@runsheet/runsheet/testing";
import { cleanups } from "../support/cleanup.ts";
import { drain } from "../support/deferred.ts";
import { failureOf } from "../support/results.ts";
import { boom, fail, logged } from "../support/steps.ts";

/** A pipeline of two steps that log the keys of their effects and undos. */
function paying(log: string[]) {
  const logging = (name: string) =>
    step({
      name,
      run: async (_ctx, { key }) => {
        await drain();
        log.push(key);
      },
      rollback: async (_ctx, _output, { effectKey }) => {
        await drain();
        log.push(`undo ${effectKey}`);
      },
    });
  return pipeline({ name: "pay", steps: [logging("hold"), logging("charge")] });
}

describe("a run inside a step that is given the step's info", () => {
  const { fakeTime } = cleanups();

  it("is undone with the step when a later step fails", async () => {
    const log: string[] = [];
    const inner = paying(log);
    const outer = step({
      name: "outer",
      run: async (_ctx, info) => void unwrap(await inner.run({}, info)),
    });
    const p = pipeline({ name: "p", steps: [outer, fail] });
    const { rollback } = failureOf(await p.run({}, { runId: "r" }));
    assertEquals(log, [
      "r/p/outer@1/pay/hold",
      "r/p/outer@1/pay/charge",
      "undo r/p/outer@1/pay/charge",
      "undo r/p/outer@1/pay/hold",
    ]);
    assertEquals([rollback.completed, rollback.failed], [["outer (deferred)"], []]);
  });

  it("has an id of its own if it is given 'defer' without the step's key", async () => {
    const ids: string[] = [];
    const inner = step({ name: "inner", run: () => {} });
    const outer = step({
      name: "outer",
      run: async (_ctx, { signal, attempt, defer }) => {
        const some = { signal, defer };
        for (const info of [some, some, { ...some, attempt }]) {
          const { meta } = await inner.run({}, info);
          ids.push(meta.runId);
        }
      },
    });
    unwrap(await outer.run({}));
    unwrap(await outer.run({}));
    assertEquals(new Set(ids).size, 6);
    assertEquals(ids.filter((id) => id.includes("undefined")), []);
  });

  it("is undone before the step is retried, and then has other keys", async () => {
    const log: string[] = [];
    const inner = paying(log);
    const outer = step({
      name: "outer",
      retry: { count: 1 },
      run: async (_ctx, info) => {
        unwrap(await inner.run({}, { ...info }));
        if (info.attempt === 1) throw boom;
      },
    });
    unwrap(await outer.run({}, { runId: "r" }));
    assertEquals(log, [
      "r/outer@1/pay/hold",
      "r/outer@1/pay/charge",
      "undo r/outer@1/pay/charge",
      "undo r/outer@1/pay/hold",
      "r/outer~2@2/pay/hold",
      "r/outer~2@2/pay/charge",
    ]);
  });

  it("undoes itself, once, when it fails itself", async () => {
    const log: string[] = [];
    const inner = pipeline({ name: "inner", steps: [logged("a", log), fail] });
    const outer = step({
      name: "outer",
      run: async (_ctx, info) => void unwrap(await inner.run({}, info)),
    });
    const { error, rollback } = failureOf(await pipeline({ name: "p", steps: [outer] }).run());
    assertEquals([log, error, rollback.completed], [["a", "undo a"], boom, []]);
  });

  it("ends with the step's signal, and is undone when the step lands late", async () => {
    const time = fakeTime();
    const log: string[] = [];
    const inner = paying(log);
    const outer = step({
      name: "outer",
      timeout: 10,
      run: async (_ctx, info) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        unwrap(await inner.run({}, { ...info, signal: undefined }));
      },
    });
    const watches: Promise<unknown>[] = [];
    const running = outer.run({}, { runId: "r", waitUntil: (watch) => watches.push(watch) });
    await time.tickAsync(10);
    assert(isRunsheetError(failureOf(await running).error, "TIMEOUT"));
    await time.tickAsync(40);
    await Promise.all(watches);
    await drain();
    assertEquals(log.slice(2), ["undo r/outer@1/pay/charge", "undo r/outer@1/pay/hold"]);
    const heeding = step({
      name: "heeding",
      timeout: 10,
      run: async (_ctx, info) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        unwrap(await inner.run({}, info));
      },
    });
    const second = heeding.run({}, { onLate: () => {} });
    await time.tickAsync(10);
    failureOf(await second);
    await time.tickAsync(40);
    await drain();
    assertEquals(log.length, 4); // its signal had aborted: nothing began
  });

  it("is undone with the item that it ran for", async () => {
    const log: string[] = [];
    const inner = paying(log);
    const group = map("out", () => [1, 2], async (_item, _ctx, info) => {
      unwrap(await inner.run({}, info));
    }, { concurrency: 1 });
    const p = pipeline({ name: "p", steps: [group, fail] });
    const { rollback } = failureOf(await p.run({}, { runId: "r" }));
    assertEquals(log.slice(4).map((entry) => entry.replace("undo r/p/map(out)", "")), [
      "[1]/pay/charge",
      "[1]/pay/hold",
      "[0]/pay/charge",
      "[0]/pay/hold",
    ]);
    assertEquals(rollback.completed, ["map(out)[1] (deferred)", "map(out)[0] (deferred)"]);
  });

  it("reports effects that could not be undone", async () => {
    const stuck = step({ name: "stuck", run: () => {}, rollback: () => Promise.reject(boom) });
    const inner = pipeline({ name: "inner", steps: [stuck, logged("a", [])] });
    const outer = step({
      name: "outer",
      run: async (_ctx, info) => void unwrap(await inner.run({}, info)),
    });
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [outer, fail] }).run());
    const [failed] = rollback.failed;
    assert(isRunsheetError(failed?.error, "ROLLBACK"));
    assertEquals(
      failed.error.message,
      "Cannot undo the run of 'inner' as all of it must be undone: Error: boom",
    );
    assertEquals(failed.error.causes, [boom]);
  });

  it("is refused in an undo, where it would not be undone", async () => {
    const inner = pipeline({ name: "inner", steps: [] });
    let message: string | undefined;
    const outer = step({
      name: "outer",
      run: () => {},
      rollback: async (_ctx, _output, info) => {
        message = failureOf(await inner.run({}, info)).error.message;
      },
    });
    failureOf(await pipeline({ name: "p", steps: [outer, fail] }).run());
    assert(message?.startsWith("Cannot run 'inner' as its options must be among"), message);
  });

  it("leaves nothing behind, whatever goes wrong", async () => {
    const books = ledger();
    const reserve = step({
      name: "reserve",
      run: async (_ctx, { key }) => await books.addOnce("item", key),
      undoByKey: { run: (_ctx, { effectKey }) => books.forbid("item", effectKey), timeout: 50 },
    });
    const inner = pipeline({ name: "inner", steps: [reserve] });
    const outer = step({
      name: "outer",
      retry: { count: 1 },
      run: async (_ctx, info) => void unwrap(await inner.run({}, info)),
    });
    const p = pipeline({ name: "p", steps: [outer] });
    const report = await sweep(p, {}, { ledger: books });
    assertCompensated(report);
    assert(report.rows.length > 10);
  });
});
