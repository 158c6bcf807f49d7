import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { pipeline, type RollbackInfo, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { deferred, never } from "../support/deferred.ts";
import { landing, listening } from "../support/landing.ts";
import { failureOf, outcomeOf } from "../support/results.ts";
import { boom, failAsync } from "../support/steps.ts";

describe("an attempt of an undo that lands late", () => {
  const { fakeTime } = cleanups();

  /** A charge whose undo takes one attempt per gate, each limited to 50 ms. */
  function refunding() {
    const infos: RollbackInfo[] = [];
    const gates = [deferred(), deferred()];
    const charge = step({
      name: "charge",
      run: () => ({ chargeId: "c1" }),
      rollback: {
        timeout: 50,
        retry: { count: 1 },
        run: (_ctx, _output, info) => gates[infos.push(info) - 1]!.promise,
      },
    });
    return { p: pipeline({ name: "p", steps: [charge, failAsync] }), gates, infos };
  }

  it("is reported, and the undo does not run again", async () => {
    const time = fakeTime();
    const { reports, watches, options } = listening();
    const { p, gates, infos } = refunding();
    const running = p.run({}, options);
    await time.tickAsync(50);
    gates[1]!.resolve();
    assertEquals(outcomeOf(await running), { error: "boom", completed: ["charge"], failed: [] });
    gates[0]!.resolve();
    await Promise.all(watches);
    assertEquals(infos.map(({ attempt, key }) => [attempt, key]), [
      [1, "r/p/charge!undo"],
      [2, "r/p/charge!undo"],
    ]);
    assertEquals(reports, ["undo of charge@1 compensated"]);
  });

  it("has undone the effect after all although the report lists it as failed", async () => {
    const time = fakeTime();
    const { reports, watches, options } = listening();
    const { p, gates, infos } = refunding();
    const running = p.run({}, options);
    await time.tickAsync(50);
    await time.tickAsync(50);
    const { rollback } = failureOf(await running);
    assertEquals([rollback.completed, rollback.failed.length], [[], 1]);
    gates[1]!.resolve();
    gates[0]!.reject(boom);
    await Promise.all(watches);
    assertEquals(infos.length, 2);
    const rejected = "undo of charge@1 rejected: boom";
    assertEquals([...reports].sort(), [rejected, "undo of charge@2 compensated"]);
  });

  it("is reported, when it was deferred, under its name in the report", async () => {
    const time = fakeTime();
    const { reports, watches, options } = listening();
    const gate = deferred();
    const s = step({
      name: "s",
      run: (_ctx, { defer }) => {
        defer({ timeout: 50, run: () => gate.promise });
        throw boom;
      },
    });
    const running = s.run({}, options);
    await time.tickAsync(50);
    assertEquals(outcomeOf(await running).failed.map(({ step }) => step), ["s (deferred)"]);
    gate.resolve();
    await Promise.all(watches);
    assertEquals(reports, ["undo of s (deferred)@1 compensated"]);
  });

  it("is reported beside the attempt of run that it undoes, which itself landed late", async () => {
    const time = fakeTime();
    const { reports, watches, options } = listening();
    const gate = deferred();
    const log: string[] = [];
    const run = deferred();
    const s = step({
      name: "s",
      timeout: 50,
      run: () => run.promise,
      rollback: { timeout: 50, run: () => (log.push("undo"), gate.promise) },
    });
    const running = s.run({}, options);
    await time.tickAsync(50);
    await running;
    run.resolve();
    await time.tickAsync(50);
    await watches[0];
    gate.resolve();
    await Promise.all(watches);
    assertEquals(log, ["undo"]);
    const [failed, compensated] = reports;
    assertEquals(failed?.split(":")[0], "s@1 failed");
    assertEquals([compensated, reports.length], ["undo of s@1 compensated", 2]);
  });

  it("is not awaited for graceMs, which applies only to run", async () => {
    const time = fakeTime();
    const s = landing("s", [], { graceMs: 10_000 });
    const hung = step({
      name: "hung",
      graceMs: 10_000,
      run: () => {},
      rollback: { timeout: 50, run: never },
    });
    const running = pipeline({ name: "p", steps: [s.step, hung, failAsync] }).run();
    s.land(1);
    await time.tickAsync(50);
    assertEquals(outcomeOf(await running).failed.length, 1);
  });
});
