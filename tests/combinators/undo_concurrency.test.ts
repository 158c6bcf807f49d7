import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type AnyStep,
  ConfigError,
  distribute,
  filter,
  flatMap,
  type ItemInfo,
  map,
  parallel,
  pipeline,
  step,
} from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep } from "@runsheet/runsheet/testing";
import { deferred, drain } from "../support/deferred.ts";
import { RecordingHost } from "../support/hosts.ts";
import { failureOf, plainOf } from "../support/results.ts";
import { boom, fail } from "../support/steps.ts";

const items = [0, 1, 2, 3, 4];

/** Undos that wait until they are released, and how many of them are in progress. */
function gate() {
  const { promise, resolve } = deferred();
  const gate = { started: [] as number[], now: 0, most: 0, open: resolve, undo };
  async function undo(n: number): Promise<void> {
    gate.started.push(n);
    gate.most = Math.max(gate.most, ++gate.now);
    await promise;
    gate.now--;
  }
  return gate;
}

/** Every kind of group, of five branches that are undone by the gate. */
function groups(
  undo: (n: number) => Promise<void>,
  undoConcurrency?: number,
): Record<string, AnyStep> {
  const limit = undoConcurrency === undefined ? {} : { undoConcurrency };
  const step5 = step({
    name: "s",
    run: ({ n }: { n: number }) => ({ n }),
    rollback: (_ctx, { n }) => undo(n),
  });
  const each = (n: number, _ctx: unknown, { defer }: ItemInfo) => {
    defer(() => undo(n));
    return [n];
  };
  return {
    "map with a step": map("out", () => items, step5, { as: "n", ...limit }),
    "map with a function": map("out", () => items, each, limit),
    flatMap: flatMap("out", () => items, each, limit),
    filter: filter("out", () => items, (...given) => each(...given).length > 0, limit),
    distribute: distribute("out", { list: "n" }, step5, limit),
    parallel: parallel.with(limit)(
      ...items.map((n) => step({ name: `s${n}`, run: () => {}, rollback: () => undo(n) })),
    ),
  };
}

describe("undoConcurrency", () => {
  for (const name of Object.keys(groups(drain))) {
    it(`undoes that many at once, the last first (${name})`, async () => {
      const undos = gate();
      const group = groups(undos.undo, 2)[name]!;
      const running = pipeline({ name: "p", steps: [group, fail] }).run({ list: items } as never);
      await drain();
      assertEquals(undos.started, [4, 3]);
      undos.open();
      const { rollback } = failureOf(await running);
      assertEquals([undos.most, undos.started], [2, [4, 3, 2, 1, 0]]);
      assertEquals(rollback.completed.length, 5);
    });

    it(`is 1 by default (${name})`, async () => {
      const undos = gate();
      const group = groups(undos.undo)[name]!;
      const running = pipeline({ name: "p", steps: [group, fail] }).run({ list: items } as never);
      await drain();
      assertEquals(undos.started, [4]);
      undos.open();
      failureOf(await running);
      assertEquals([undos.most, undos.started], [1, [4, 3, 2, 1, 0]]);
    });
  }

  it("undoes one item's own effects one after the other, in reverse", async () => {
    const log: string[] = [];
    const two = (name: string) =>
      step({
        name,
        run: ({ n }: { n: string }) => ({ [name]: n }),
        rollback: async (ctx) => {
          log.push(`begin ${name}${ctx.n}`);
          await drain();
          log.push(`end ${name}${ctx.n}`);
        },
      });
    const item = pipeline({ name: "item", steps: [two("a"), two("b")] });
    const all = map("out", () => ["1", "2"], item, { as: "n", undoConcurrency: Infinity });
    const before = step({ name: "before", run: () => {}, rollback: () => void log.push("before") });
    failureOf(await pipeline({ name: "p", steps: [before, all, fail] }).run());
    assertEquals(log, [
      "begin b2",
      "begin b1",
      "end b2",
      "begin a2",
      "end b1",
      "begin a1",
      "end a2",
      "end a1",
      "before",
    ]);
  });

  it("undoes all of a group before earlier steps, even when one undo fails", async () => {
    const undos = gate();
    const log: string[] = [];
    const before = step({ name: "before", run: () => {}, rollback: () => void log.push("before") });
    const group = map("out", () => items, (n, _ctx, { defer }) =>
      defer(async () => {
        if (n === 2) throw boom;
        await undos.undo(n);
      }), { undoConcurrency: 10 });
    const running = pipeline({ name: "p", steps: [before, group, fail] }).run();
    await drain();
    assertEquals([undos.started, log], [[4, 3, 1, 0], []]);
    undos.open();
    const { rollback } = failureOf(await running);
    assertEquals(rollback.failed.map(({ step }) => step), ["map(out)[2] (deferred)"]);
    assertEquals(rollback.completed.at(-1), "before");
    assertEquals(rollback.completed.length, 5);
  });

  it("applies when the group itself fails, and inside another group", async () => {
    const undos = gate();
    const each = step({
      name: "each",
      run: ({ n }: { n: number }) => {
        if (n === 4) throw boom;
      },
      rollback: ({ n }) => undos.undo(n),
    });
    const inner = map("out", () => items, each, {
      as: "n",
      onFailure: "settle",
      undoConcurrency: 2,
    });
    const running = parallel.with({ undoConcurrency: 2 })(inner, step({ name: "x", run: () => {} }))
      .run({});
    await drain();
    assertEquals(undos.started, [3, 2]);
    undos.open();
    failureOf(await running);
    assertEquals(undos.most, 2);
  });

  it("rejects with the host's own signal once the other undos in flight have ended", async () => {
    const undos = gate();
    const suspended = new Error("suspended");
    const host = new RecordingHost();
    const real = host.perform.bind(host);
    host.perform = (call, fn) =>
      call.id.startsWith("parallel(s0, s1, s2, s3, s4)/s4!")
        ? Promise.reject(suspended)
        : real(call, fn);
    const group = groups(undos.undo, 5)["parallel"]!;
    let ended: unknown;
    const running = pipeline({ name: "p", steps: [group, fail] }).run({} as never, { host });
    running.catch((reason) => ended = reason);
    await drain();
    assertEquals(ended, undefined);
    undos.open();
    await running.catch(() => {});
    assertEquals(ended, suspended);
  });

  it("leaves nothing behind, whatever goes wrong", async () => {
    const books = ledger();
    const each = step({
      name: "each",
      run: async ({ n }: { n: number }, { key }) => {
        await books.addOnce("item", key);
        return { n };
      },
      undoByKey: { run: (_ctx, { effectKey }) => books.forbid("item", effectKey), timeout: 50 },
    });
    const group = map("out", () => [1, 2, 3], each, { as: "n", undoConcurrency: 3 });
    const report = await sweep(pipeline({ name: "p", steps: [group] }), {}, { ledger: books });
    assertCompensated(report);
    assert(report.rows.length > 10);
  });

  it("works the same when the run is recorded and answered from the record", async () => {
    const p = pipeline({ name: "p", steps: [groups(() => drain(), 2)["map with a step"]!, fail] });
    const first = new RecordingHost();
    const result = await p.run({} as never, { host: first });
    const second = await p.run({} as never, { host: new RecordingHost(first.outcomes) });
    assertEquals(plainOf(second), plainOf(result));
  });

  for (const undoConcurrency of [0, -1, 1.5, NaN, "2" as never]) {
    it(`is refused when it is ${JSON.stringify(undoConcurrency)}`, () => {
      const { message } = assertThrows(() => parallel.with({ undoConcurrency }), ConfigError);
      const constraint = "'undoConcurrency' must be a positive integer: current value is";
      assert(message.startsWith(`Cannot create parallel() as ${constraint} `), message);
    });
  }
});
