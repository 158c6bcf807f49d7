// Attempts that are retried, given up, landing late and undone, as observers see them.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { pipeline, type RunInfo, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { deferred } from "../support/deferred.ts";
import { landing } from "../support/landing.ts";
import { seeSpans } from "../support/spans.ts";
import { boom, fail } from "../support/steps.ts";

describe("a retry", () => {
  const { fakeTime } = cleanups();

  it("comes after the rollback of the attempt and a wait, which has its length", async () => {
    const time = fakeTime();
    const { observer, tree, spans } = seeSpans();
    const charge = step({
      name: "charge",
      retry: { count: 1, delay: 50 },
      run(_ctx, { attempt, defer }) {
        defer(() => {});
        if (attempt === 1) throw boom;
      },
    });
    const running = pipeline({ name: "p", steps: [charge] }).run({}, { observer });
    await time.tickAsync(50);
    await running;
    assertEquals(tree(), [
      "run ok",
      "  step charge ok",
      "    attempt charge@1 failed: boom",
      "    rollback charge@1!rollback ok",
      "      undo charge@1!defer1 ok",
      "    wait charge@2!wait ok",
      "    attempt charge@2 ok",
    ]);
    const wait = spans.find(({ kind }) => kind === "wait");
    assertEquals([wait?.ms, wait?.attempt], [50, 2]);
  });

  it("of an undo is inside the rollback, with its wait", async () => {
    const time = fakeTime();
    const { observer, tree, spans } = seeSpans();
    let refunds = 0;
    const charge = step({
      name: "charge",
      run: () => {},
      rollback: {
        retry: { count: 1, delay: 10 },
        run() {
          if (++refunds === 1) throw boom;
        },
      },
    });
    const running = pipeline({ name: "p", steps: [charge, fail] }).run({}, { observer });
    await time.tickAsync(10);
    await running;
    assertEquals(tree().slice(-4), [
      "  rollback !rollback ok",
      "    undo charge!undo failed: boom",
      "    wait charge!undo@2!wait ok",
      "    undo charge!undo@2 ok",
    ]);
    assertEquals(spans.slice(-3).map(({ name }) => name), ["charge", "charge", "charge"]);
  });
});

describe("an attempt that is given up", () => {
  const { fakeTime } = cleanups();

  /** A charge of 100 ms whose attempts land on demand, and the spans of its run. */
  function charging(options: { retry?: { count: number; delay: number }; undone?: boolean }) {
    const { undone = true, ...bounds } = options;
    const charge = landing("charge", [], { timeout: 100, ...bounds }, undone ? undefined : null);
    const watches: Promise<unknown>[] = [];
    const seen = seeSpans();
    const running = pipeline({ name: "p", steps: [charge.step] }).run({}, {
      observer: seen.observer,
      waitUntil: (watch) => void watches.push(watch),
    });
    return { ...charge, ...seen, running, settled: () => Promise.all(watches) };
  }

  const timeout = "Cannot finish 'charge' as it must settle within 100 ms: it is still pending";

  it("is late from then until it is undone, inside its span", async () => {
    const time = fakeTime();
    const { running, land, settled, tree } = charging({});
    await time.tickAsync(100);
    await running;
    const before = [
      `run failed: ${timeout}`,
      `  step charge failed: ${timeout}`,
      `    attempt charge@1 failed: ${timeout}`,
    ];
    assertEquals(tree(), [...before, "    late charge@1!late …"]);
    land(1);
    await settled();
    assertEquals(tree(), [
      ...before,
      "    late charge@1!late ok (compensated)",
      "      undo charge@1!undo ok",
    ]);
  });

  it("ends with its outcome: adopted", async () => {
    const time = fakeTime();
    const { running, land, settled, tree } = charging({ retry: { count: 1, delay: 50 } });
    await time.tickAsync(100);
    // Into the wait.
    await time.tickAsync(20);
    land(1);
    await running;
    await settled();
    assertEquals(tree(), [
      "run ok",
      "  step charge ok",
      `    attempt charge@1 failed: ${timeout}`,
      "    late charge@1!late ok (adopted)",
      "    wait charge@2!wait ok",
    ]);
  });

  it("ends with its outcome: no handler, or a rejection", async () => {
    const time = fakeTime();
    for (
      const [landsWell, expected] of [[true, "ok (no-handler)"], [false, "failed: boom (rejected)"]]
    ) {
      const { running, land, fail, settled, tree } = charging({ undone: false });
      await time.tickAsync(100);
      await running;
      if (landsWell) land(1);
      else fail(1, boom);
      await settled();
      assertEquals(tree().at(-1), `    late charge@1!late ${expected}`);
    }
  });

  it("ends when its deferred undos have run even if it never settles, and does not end again", async () => {
    const time = fakeTime();
    const { observer, tree } = seeSpans();
    const gate = deferred<void>();
    const watches: Promise<unknown>[] = [];
    const charge = step({
      name: "charge",
      timeout: 100,
      lateMs: 1_000,
      run(_ctx, { defer }: RunInfo) {
        defer(() => {});
        return gate.promise;
      },
    });
    const running = pipeline({ name: "p", steps: [charge] }).run({}, {
      observer,
      waitUntil: (watch) => void watches.push(watch),
    });
    await time.tickAsync(100);
    await running;
    await time.tickAsync(1_000);
    const late = [
      `    late charge@1!late failed: ${timeout} (compensated)`,
      "      undo charge@1!defer1 ok",
    ];
    assertEquals(tree().slice(-2), late);
    gate.resolve();
    await Promise.all(watches);
    assertEquals(tree().slice(-2), late);
  });
});

describe("the wait before an undo by key", () => {
  const { fakeTime } = cleanups();

  it("is a span of its own, and so is the undo", async () => {
    const time = fakeTime();
    const { observer, tree } = seeSpans();
    const watches: Promise<unknown>[] = [];
    const charge = step({
      name: "charge",
      run: () => Promise.reject(boom),
      undoByKey: { afterMs: 30, run: () => {} },
    });
    await pipeline({ name: "p", steps: [charge] }).run({}, {
      observer,
      waitUntil: (watch) => void watches.push(watch),
    });
    await time.tickAsync(30);
    await Promise.all(watches);
    assertEquals(tree().slice(2), [
      "    attempt charge@1 failed: boom",
      "      wait charge!wait ok",
      "      undo charge!key ok",
    ]);
  });
});
