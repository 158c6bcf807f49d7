// Resources of a run inside a step, held until nothing can be undone with them any more.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { pipeline, resource, type RunInfo, step, unwrap } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain } from "../support/deferred.ts";
import { RecordingHost, SuspendingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail, thrower } from "../support/steps.ts";

interface Connection {
  readonly id: string;
  isOpen: boolean;
}

/** A pipeline with a connection of its own, through which it is undone. */
function saving(log: string[], release: (connection: Connection) => unknown = () => {}) {
  let count = 0;
  return pipeline({
    name: "save",
    steps: [
      resource({
        name: "connection",
        acquire: (): Connection => ({ id: `c${++count}`, isOpen: true }),
        release: (connection) => {
          connection.isOpen = false;
          log.push(`release ${connection.id}`);
          return release(connection);
        },
      }),
      step({
        name: "insert",
        run: async ({ connection }: { connection: Connection }) => {
          await drain();
          log.push(`insert by ${connection.id}`);
          return { row: connection.id };
        },
        rollback: ({ connection: { id, isOpen } }) => void log.push(`undo by ${id}, ${isOpen}`),
      }),
    ],
  });
}

function inside(inner: ReturnType<typeof saving>, then: (info: RunInfo) => unknown = () => {}) {
  return step({
    name: "outer",
    run: async (_ctx, info) => {
      const data = unwrap(await inner.run({}, info));
      await then(info);
      return data;
    },
  });
}

describe("a resource of a run inside a step", () => {
  const { fakeTime } = cleanups();

  it("is released after the undo of the outer run", async () => {
    const log: string[] = [];
    const p = pipeline({ name: "p", steps: [inside(saving(log)), fail] });
    const { rollback } = failureOf(await p.run());
    assertEquals(rollback.completed, ["outer (deferred)"]);
    assertEquals(log, ["insert by c1", "undo by c1, true", "release c1"]);
  });

  it("is released when a host of the run inside interrupts its undo", async () => {
    const log: string[] = [];
    const inner = saving(log);
    const host = new SuspendingHost(new RecordingHost(), (id) => id === "insert!undo");
    const outer = step({
      name: "outer",
      run: async (_ctx, info) => unwrap(await inner.run({}, { ...info, host })),
    });
    const { rollback } = failureOf(await pipeline({ name: "p", steps: [outer, fail] }).run());
    assertEquals(rollback.failed.map(({ error }) => error), [host.reason]);
    assertEquals(log, ["insert by c1", "release c1"]);
  });

  it("is released at the end of the outer run if that succeeds, and then reported in its result", async () => {
    const log: string[] = [];
    const p = pipeline({
      name: "p",
      steps: [
        inside(saving(log, thrower)),
        step({ name: "last", run: () => void log.push("last") }),
      ],
    });
    const result = await p.run();
    dataOf(result);
    assertEquals(log, ["insert by c1", "last", "release c1"]);
    assertEquals(result.meta.notReleased?.map(({ error }) => error), [boom]);
  });

  it("whose release fails with its undo is reported in the outer result, and fails nothing", async () => {
    const log: string[] = [];
    const p = pipeline({ name: "p", steps: [inside(saving(log, thrower)), fail] });
    const { error, rollback, meta } = failureOf(await p.run());
    assertEquals([error, rollback.completed], [boom, ["outer (deferred)"]]);
    assertEquals(meta.notReleased?.map(({ step, error }) => [step, error]), [["connection", boom]]);
    assertEquals(log, ["insert by c1", "undo by c1, true", "release c1"]);
  });

  it("is released at once if the run inside fails, and before another attempt of the step", async () => {
    const log: string[] = [];
    const retried = step({
      name: "outer",
      retry: { count: 1 },
      run: async (_ctx, info) => {
        const { row } = unwrap(await saving(log).run({}, info)) as { row: string };
        if (info.attempt === 1) throw boom;
        return { row };
      },
    });
    dataOf(await pipeline({ name: "p", steps: [retried] }).run());
    const once = ["insert by c1", "undo by c1, true", "release c1"];
    assertEquals(log, [...once, "insert by c1", "release c1"]);

    log.length = 0;
    const inner = pipeline({ name: "inner", steps: [saving(log), fail] });
    const handled = step({ name: "h", run: async (_, info) => void await inner.run({}, info) });
    dataOf(
      await pipeline({
        name: "p",
        steps: [handled, step({ name: "last", run: () => void log.push("last") })],
      }).run(),
    );
    assertEquals(log, [...once, "last"]);
  });

  it("is released at the end of the run inside if nothing in it can be undone, or it is apart", async () => {
    for (const apart of [false, true]) {
      const log: string[] = [];
      const inner = apart ? saving(log) : pipeline({
        name: "read",
        steps: [
          resource({ name: "c", acquire: () => 1, release: () => void log.push("release") }),
        ],
      });
      const outer = step({
        name: "outer",
        run: async (_ctx, info) => {
          unwrap(await inner.run({}, apart ? { apart } : info));
          log.push("after it");
        },
      });
      dataOf(await outer.run({}));
      assertEquals(log.slice(-2), [apart ? "release c1" : "release", "after it"]);
    }
  });

  for (const succeeds of [false, true]) {
    const end = succeeds ? "succeeded" : "failed";
    it(`is released once a late attempt is undone whose run has ${end}`, async () => {
      const time = fakeTime();
      const slow = deferred<void>();
      const log: string[] = [];
      const watches: Promise<unknown>[] = [];
      const inner = saving(log);
      const outer = step({
        name: "outer",
        timeout: 10,
        ...succeeds && { retry: { count: 1 } },
        run: async (_ctx, info) => {
          if (info.attempt === 2) return { row: "second" };
          await slow.promise;
          return unwrap(await inner.run({}, { ...info, signal: undefined } as never));
        },
        rollback: () => void log.push("rollback"),
      });
      const running = pipeline({ name: "p", steps: [outer] }).run({}, {
        onLate: () => {},
        waitUntil: (watch) => watches.push(watch),
      });
      await time.tickAsync(10);
      const result = await running;
      assertEquals(result.success, succeeds);
      slow.resolve();
      while (watches.length > 0) await Promise.all(watches.splice(0));
      await time.tickAsync(1);
      assertEquals(log, ["insert by c1", "rollback", "undo by c1, true", "release c1"]);
    });
  }

  it("of a run that outlives the run around it is released after the undo of the outermost", async () => {
    const log: string[] = [];
    const slow = saving(log);
    let ending: Promise<unknown> | undefined;
    const race = step({
      name: "race",
      run: (_ctx, info) => {
        ending = slow.run({}, info); // not awaited
      },
    });
    const middle = pipeline({ name: "middle", steps: [race] });
    const call = step({
      name: "call",
      run: async (_ctx, info) => void unwrap(await middle.run({}, info)),
    });
    const waits = step({ name: "waits", run: async () => void (await ending) });
    failureOf(await pipeline({ name: "p", steps: [call, waits, fail] }).run());
    assertEquals(log, ["insert by c1", "undo by c1, true", "release c1"]);
  });

  it("of runs inside runs is released after the undo of the outermost, the last one first", async () => {
    const log: string[] = [];
    const first = inside(saving(log));
    const both = pipeline({ name: "both", steps: [first, inside(saving(log)), fail] });
    const middle = pipeline({ name: "middle", steps: [inside(saving(log))] });
    const deepest = step({
      name: "deepest",
      run: async (_ctx, info) => unwrap(await middle.run({}, info)),
    });
    failureOf(await both.run());
    assertEquals(log.slice(2), [
      "undo by c1, true",
      "release c1",
      "undo by c1, true",
      "release c1",
    ]);
    log.length = 0;
    failureOf(await pipeline({ name: "p", steps: [deepest, fail] }).run());
    assertEquals(log, ["insert by c1", "undo by c1, true", "release c1"]);
    log.length = 0;
    dataOf(await pipeline({ name: "p", steps: [deepest, deepest] }).run());
    assertEquals(log.filter((line) => line.startsWith("release")), ["release c3", "release c2"]);
    assert(log.findIndex((line) => line.startsWith("release")) === 2);
  });
});
