import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  ConfigError,
  isRunsheetError,
  type LateReport,
  pipeline,
  RollbackError,
  step,
} from "@runsheet/runsheet";
import { recorder } from "@runsheet/runsheet/testing";
import { cleanups } from "../support/cleanup.ts";
import { never } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

describe("defer", () => {
  const { fakeTime } = cleanups();

  it("undoes a failed attempt before the next attempt begins, in reverse", async () => {
    const log: string[] = [];
    const upload = step({
      name: "upload",
      retry: { count: 1 },
      run: (_ctx, { attempt, defer }) => {
        for (const part of [1, 2]) {
          log.push(`${attempt}: put ${part}`);
          defer(() => log.push(`${attempt}: delete ${part}`));
        }
        if (attempt === 1) throw boom;
      },
    });
    dataOf(await pipeline({ name: "p", steps: [upload] }).run());
    assertEquals(log, [
      "1: put 1",
      "1: put 2",
      "1: delete 2",
      "1: delete 1",
      "2: put 1",
      "2: put 2",
    ]);
  });

  it("runs after the step's own rollback when the attempt succeeds", async () => {
    const log: string[] = [];
    const upload = step({
      name: "upload",
      run: (_ctx, { defer }) => {
        defer(() => log.push("first deferred"));
        defer(() => log.push("second deferred"));
      },
      rollback: () => log.push("rollback"),
    });
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [upload, fail] }).run());
    assertEquals(log, ["rollback", "second deferred", "first deferred"]);
    assertEquals(rollback.completed, ["upload", "upload (deferred)", "upload (deferred)"]);
  });

  it("undoes the last failed attempt, and reports it by path", async () => {
    const upload = step({
      name: "upload",
      run: (_ctx, { defer }) => {
        defer(() => {});
        throw boom;
      },
    });
    const inner = pipeline({ name: "inner", steps: [upload] });
    const failure = failureOf(await pipeline({ name: "p", steps: [inner] }).run());
    assertStrictEquals(failure.error, boom);
    assertEquals(failure.rollback.completed, ["inner/upload (deferred)"]);
  });

  it("gives a deferred undo the error, its key and its attempt", async () => {
    const infos: unknown[] = [];
    const upload = step({
      name: "upload",
      run: (_ctx, { defer }) => {
        defer(({ error, key, attempt }) => infos.push([error, key, attempt]));
        throw boom;
      },
    });
    await upload.run({}, { runId: "r" });
    assertEquals(infos, [[boom, "r/upload@1!defer1", 1]]);
  });

  it("stops the retries when an attempt cannot be undone", async () => {
    let attempts = 0;
    const stuck = new Error("stuck");
    const upload = step({
      name: "upload",
      retry: { count: 3 },
      run: (_ctx, { defer }) => {
        attempts++;
        defer(() => Promise.reject(stuck));
        throw boom;
      },
    });
    const failure = failureOf(await upload.run({}));
    assertEquals(attempts, 1);
    assertInstanceOf(failure.error, RollbackError);
    assertEquals(failure.error.causes, [stuck]);
    assertStrictEquals(failure.error.cause, boom);
    assertEquals(failure.rollback.failed, [{ step: "upload (deferred)", error: stuck }]);
  });

  it("retries an undo and limits its time by its own policy", async () => {
    const time = fakeTime();
    const attempts: number[] = [];
    const upload = step({
      name: "upload",
      run: (_ctx, { defer }) => {
        defer({
          retry: { count: 1 },
          timeout: 50,
          run: ({ attempt }) => {
            attempts.push(attempt);
            return attempt === 1 ? never() : undefined;
          },
        });
        throw boom;
      },
    });
    const running = upload.run({});
    await time.tickAsync(50);
    assertEquals(failureOf(await running).rollback.completed, ["upload (deferred)"]);
    assertEquals(attempts, [1, 2]);
  });

  for (const [how, host] of [["directly", undefined], ["by a host", recorder()]] as const) {
    it(`is undone in the run when the attempt rejects the moment it is given up: ${how}`, async () => {
      const aborter = new AbortController();
      const upload = step({
        name: "upload",
        run: (_ctx, { signal, defer }) => {
          defer(() => {});
          return new Promise<void>((_, reject) => {
            signal.addEventListener("abort", () => reject(boom), { once: true });
            aborter.abort();
          });
        },
      });
      const late: LateReport[] = [];
      const watches: Promise<unknown>[] = [];
      const { rollback } = failureOf(
        await upload.run({}, {
          ...(host && { host }),
          signal: aborter.signal,
          onLate: (report) => late.push(report),
          waitUntil: (watch) => watches.push(watch),
        }),
      );
      await Promise.all(watches);
      assertEquals(rollback, { completed: ["upload (deferred)"], failed: [] });
      assertEquals(late.map(({ outcome }) => outcome), ["rejected"]);
    });
  }

  it("refuses anything that is not an undo", async () => {
    const upload = step({
      name: "upload",
      run: (_ctx, { defer }) => {
        // @ts-expect-error an undo is a function, or a name
        defer(1);
      },
    });
    const { error } = failureOf(await upload.run({}));
    assert(isRunsheetError(error, "CONFIG"));
    assertEquals(
      error.message,
      `Cannot defer an undo in 'upload' as it must be a function or { run, retry, timeout }: current value is 1`,
    );
  });

  it("refuses a name that none of the step's 'undos' has", async () => {
    const upload = step({
      name: "upload",
      undos: { remove: () => {}, restore: () => {} },
      run: (_ctx, { defer }) => defer("erase" as never, 1),
    });
    assertEquals(
      failureOf(await upload.run({})).error.message,
      "Cannot defer an undo in 'upload' as its name must be among the step's 'undos' (remove, " +
        `restore): current value is "erase"`,
    );
  });

  for (
    const [undos, message] of [
      [3, "'undos' must be an object of functions: current value is 3"],
      [
        { remove: 3 },
        "'undos.remove' must be a function or { run, retry, timeout }: current value is 3",
      ],
    ] as const
  ) {
    it(`by name is refused if ${message}`, () => {
      const define = () => step({ name: "upload", undos: undos as never, run: () => {} });
      assertEquals(
        assertThrows(define, ConfigError).message,
        `Cannot create step 'upload' as ${message}`,
      );
    });
  }
});
