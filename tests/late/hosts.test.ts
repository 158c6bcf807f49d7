import { setImmediate } from "node:timers/promises";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Call, type Host, type Outcome, pipeline, step } from "@runsheet/runsheet";
import { cleanups } from "../support/cleanup.ts";
import { deferred, drain } from "../support/deferred.ts";
import { RecordingHost, ReplayingHost, throughJson } from "../support/hosts.ts";
import { landing, listening } from "../support/landing.ts";
import { failureOf } from "../support/results.ts";
import { boom, failAsync } from "../support/steps.ts";

/** A host that is slow to record outcomes. */
class SlowHost extends RecordingHost {
  override async perform(
    call: Call,
    fn: (signal?: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome> {
    const outcome = await super.perform(call, fn);
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    return outcome;
  }
}

describe("an attempt that lands within its grace period, with a host", () => {
  const { fakeTime } = cleanups();

  /**
   * Runs a step whose attempt lands within its grace period, with one undo deferred before it was
   * given up and one after.
   */
  async function record(
    host: Host & { ids: string[] },
    given: "the step" | "the run" = "the step",
  ) {
    const time = fakeTime();
    const gate = deferred();
    const log: string[] = [];
    const { reports, options } = listening();
    const charge = step({
      name: "charge",
      graceMs: 20,
      ...(given === "the step" && { timeout: 50 }),
      run: async (_ctx, { defer }) => {
        defer(() => void log.push("early"));
        await gate.promise;
        defer(() => void log.push("late"));
        return { chargeId: "c1" };
      },
      rollback: (_ctx, { chargeId }) => void log.push(chargeId),
    });
    const timeout = given === "the run" ? 50 : undefined;
    const checkout = pipeline({ name: "p", timeout, steps: [charge, failAsync] });
    const running = checkout.run({}, { ...options, host });
    await time.tickAsync(50);
    gate.resolve();
    return { checkout, log, reports, result: failureOf(await running) };
  }

  const defers = ["charge@1!defer2", "charge@1!defer1"];

  it("is the step's success, and its undos go through the host, each under its own id", async () => {
    const host = new RecordingHost();
    const { log, reports } = await record(host);
    assertEquals(host.ids, ["charge@1", "fail@1", "charge!undo", ...defers]);
    assertEquals(log, ["c1", "late", "early"]);
    assertEquals(reports, ["charge@1 adopted"]);
  });

  it("is undone under the id of its attempt if the run is given up", async () => {
    const host = new RecordingHost();
    const { log, reports } = await record(host, "the run");
    assertEquals(host.ids, ["charge@1", "charge@1!undo", ...defers]);
    assertEquals(log, ["c1", "late", "early"]);
    assertEquals(reports, ["charge@1 compensated"]);
  });

  for (const stored of ["in memory", "as JSON"]) {
    it(`has the same result when it is replayed from a record kept ${stored}`, async () => {
      const host = new RecordingHost();
      const { checkout, result, log } = await record(host);
      const { outcomes } = host;
      const replaying = new ReplayingHost(stored === "as JSON" ? throughJson(outcomes) : outcomes);
      const again = listening();
      const second = failureOf(await checkout.run({}, { ...again.options, host: replaying }));
      assertEquals(second.rollback, result.rollback);
      assertEquals(replaying.unused, []);
      assertEquals([log.length, again.reports], [3, ["charge@1 adopted"]]);
    });
  }

  it("is undone even when the host does not keep that it landed", async () => {
    class Forgetful extends RecordingHost {
      override async perform(call: Call, fn: () => Promise<Outcome>): Promise<Outcome> {
        const outcome = await super.perform(call, fn);
        return outcome.ok ? outcome : { ok: false, error: outcome.error };
      }
    }
    const { log } = await record(new Forgetful());
    assertEquals(log, ["c1", "late", "early"]);
  });

  for (const late of [null, 7, {}, { ok: "no" }]) {
    it(`is not undone when the host's answer is not an outcome: ${JSON.stringify(late)}`, async () => {
      const log: string[] = [];
      const { reports, options } = listening();
      const { step } = landing("charge", log, { graceMs: 20 });
      const host: Host = {
        // deno-lint-ignore no-explicit-any -- it is wrong
        perform: () => Promise.resolve({ ok: false, error: boom, late: late as any }),
        sleep: () => Promise.resolve(),
      };
      const { error } = failureOf(await step.run({}, { ...options, host }));
      assertEquals([error, log], [boom, []]);
      assertEquals(reports.filter((report) => !report.includes(" rejected")), []);
    });
  }
});

describe("an attempt that is given up while a host delays it", () => {
  it("has the undo that it deferred in the run run there, once, however soon it settles", async () => {
    for (const host of [undefined, new SlowHost()]) {
      const { reports, watches, options } = listening();
      const log: string[] = [];
      const aborter = new AbortController();
      const s = step({
        name: "s",
        run: (_ctx, { signal, defer }) =>
          new Promise((_resolve, reject) => {
            defer(() => void log.push("undo"));
            signal.addEventListener("abort", () => reject(boom));
          }),
      });
      const running = s.run({}, { ...options, signal: aborter.signal, ...(host && { host }) });
      await drain();
      aborter.abort();
      const { rollback } = failureOf(await running);
      await Promise.all(watches);
      assertEquals([rollback.completed, rollback.failed, log], [["s (deferred)"], [], ["undo"]]);
      assertEquals(reports, ["s@1 rejected: boom"]);
      if (host) assertEquals(host.ids, ["s@1", "s@1!defer1"]);
    }
  });
});
