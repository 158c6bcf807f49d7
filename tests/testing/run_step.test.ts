import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ConfigError, isRunsheetError, pipeline, step } from "@runsheet/runsheet";
import { runStep } from "@runsheet/runsheet/testing";
import { type } from "arktype";
import { cleanups } from "../support/cleanup.ts";
import { boom, fail, logged } from "../support/steps.ts";

/** A step that fails `n` times first, and its remaining effects. */
function charging(failures: number) {
  const charges: string[] = [];
  const charge = step({
    name: "charge",
    requires: type({ amount: "string.integer.parse" }),
    provides: type({ chargeId: "string" }),
    retry: { count: 2, delay: 200 },
    timeout: 1_000,
    run: ({ amount }, { attempt, defer }) => {
      if (attempt <= failures) throw boom;
      charges.push(`charge ${amount}`);
      defer(() => charges.push("unlock"));
      return { chargeId: `ch_${attempt}` };
    },
    rollback: (ctx, { chargeId }, { error }) => {
      charges.push(`refund ${chargeId} of ${ctx.amount + 1} for ${error.message}`);
    },
  });
  return { charge, charges };
}

describe("runStep", () => {
  const { fakeTime } = cleanups();

  it("returns the step's output, with its types", async () => {
    const { charge } = charging(0);
    const ran = await runStep(charge, { amount: "5" });
    const chargeId: string = ran.output.chargeId;
    assertEquals(chargeId, "ch_1");
    assert(ran.result.success);
    assertStrictEquals(ran.output, ran.result.data);
  });

  it("returns its attempts and its waits, in which no time passes", async () => {
    fakeTime();
    const { charge } = charging(2);
    const { attempts, waits } = await runStep(charge, { amount: "5" });
    assertEquals(attempts.map(({ id, outcome }) => [id, outcome.ok]), [
      ["charge@1", false],
      ["charge@2", false],
      ["charge@3", true],
    ]);
    assertEquals(waits, [200, 400]);
  });

  it("undoes it with the context and output of run, and runs its deferred undos, once", async () => {
    const { charge, charges } = charging(0);
    const ran = await runStep(charge, { amount: "5" });
    assertEquals(charges, ["charge 5"]);
    const report = { completed: ["charge", "charge (deferred)"], failed: [] };
    assertEquals(await ran.rollback(new Error("no stock")), report);
    assertEquals(charges, ["charge 5", "refund ch_1 of 6 for no stock", "unlock"]);
    assertEquals(await ran.rollback(), report);
    assertEquals(charges.length, 3);
  });

  it("reports a handler that fails", async () => {
    const broken = step({ name: "broken", run: () => {}, rollback: () => Promise.reject(boom) });
    const ran = await runStep(broken, {});
    assertEquals(await ran.rollback(), {
      completed: [],
      failed: [{ step: "broken", error: boom }],
    });
  });

  it("returns the failure of a step, what was undone of it, and no output", async () => {
    const { charge } = charging(3);
    const ran = await runStep(charge, { amount: "5" });
    assert(!ran.result.success && isRunsheetError(ran.result.error, "RETRY_EXHAUSTED"));
    const error = assertThrows(
      () => ran.output,
      Error,
      "Cannot give the output of 'charge' as it must succeed: it failed in 'charge'",
    );
    assertStrictEquals(error.cause, ran.result.error);
    assertStrictEquals(await ran.rollback(), ran.result.rollback);
  });

  it("undoes in the run the effects of a step that failed", async () => {
    const log: string[] = [];
    const both = pipeline({ name: "both", steps: [logged("a", log), fail] });
    const ran = await runStep(both, {});
    assertEquals(log, ["a", "undo a"]);
    assertEquals(await ran.rollback(), { completed: ["a"], failed: [] });
  });

  it("keeps the undos before a retry in the report", async () => {
    const part = step({
      name: "part",
      retry: { count: 1 },
      run: (_ctx, { attempt, defer }) => {
        defer(() => {});
        if (attempt === 1) throw boom;
      },
    });
    const ran = await runStep(part, {});
    const deferred = "part (deferred)";
    assertEquals((await ran.rollback()).completed, [deferred, deferred]);
  });

  it("validates as usual, and takes the options of a run", async () => {
    const { charge, charges } = charging(0);
    const refused = await runStep(charge, { amount: "five" });
    assert(!refused.result.success);
    assert(isRunsheetError(refused.result.error, "REQUIRES_VALIDATION"));
    assertEquals(refused.attempts, []);
    const aborted = await runStep(charge, { amount: "5" }, { signal: AbortSignal.abort() });
    assert(!aborted.result.success && isRunsheetError(aborted.result.error, "ABORTED"));
    assertEquals(charges, []);
  });

  it("undoes the step in the run when the caller aborts at its end", async () => {
    const aborter = new AbortController();
    const log: string[] = [];
    const last = step({
      name: "last",
      run: () => aborter.abort(),
      rollback: () => log.push("undone"),
    });
    const ran = await runStep(last, {}, { signal: aborter.signal });
    assertEquals(log, ["undone"]);
    assertEquals((await ran.rollback()).completed, ["last"]);
  });

  it("undoes by its key a step that failed, and one without a rollback", async () => {
    const log: string[] = [];
    const charge = step({
      name: "charge",
      retry: { count: 1 },
      run: ({ lost }: { lost: number }, { key, attempt }) => {
        log.push(`charge ${key}`);
        if (attempt <= lost) throw boom;
      },
      undoByKey: (_ctx, { effectKey, error }) => {
        log.push(`void ${effectKey} for ${error.message}`);
      },
    });
    const ran = await runStep(charge, { lost: 1 }, { runId: "r" });
    assertEquals(await ran.rollback(), { completed: ["charge", "charge"], failed: [] });
    assertEquals(log, [
      "charge r/charge",
      "void r/charge for boom",
      "charge r/charge~2",
      "void r/charge~2 for undone by a test",
    ]);
    const failed = await runStep(charge, { lost: 2 }, { runId: "r" });
    assertEquals((await failed.rollback()).completed, ["charge", "charge"]);
    const why = "Cannot retry 'charge' as its 1 retries are used up: Error: boom";
    assertEquals(log.at(-1), `void r/charge~2 for ${why}`);
  });

  it("undoes all attempts of an idempotent step as one effect", async () => {
    const log: string[] = [];
    const charge = step({
      name: "charge",
      idempotent: true,
      retry: { count: 1 },
      run: (_ctx, { key, attempt }) => {
        log.push(`charge ${key}`);
        if (attempt === 1) throw boom;
        return { attempt };
      },
      rollback: (_ctx, { attempt }, { effectKey }) => {
        log.push(`refund ${effectKey}, ${attempt}`);
      },
    });
    const ran = await runStep(charge, {}, { runId: "r" });
    assertEquals((await ran.rollback()).completed, ["charge"]);
    assertEquals(log, ["charge r/charge", "charge r/charge", "refund r/charge, 2"]);
  });

  it("refuses anything that is not a step", async () => {
    // @ts-expect-error a name is not a step
    await assertRejects(() => runStep("charge", {}), ConfigError, "'step' must be a step");
    // @ts-expect-error the amount is missing
    await runStep(charging(0).charge, {});
  });
});
