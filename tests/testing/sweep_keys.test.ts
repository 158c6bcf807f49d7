import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type AnyStep, pipeline, step } from "@runsheet/runsheet";
import {
  assertCompensated,
  ledger,
  sweep,
  type SweepOptions,
  type SweepReport,
} from "@runsheet/runsheet/testing";
import { drain } from "../support/deferred.ts";
import { outcomes } from "../support/sweeps.ts";

const timeout = 5_000;
const retry = { count: 2, delay: 200 };
const ship = step({ name: "ship", run: () => {} });
const books = ledger();

function sweepOf(one: AnyStep, options: SweepOptions = {}): Promise<SweepReport> {
  return sweep(pipeline({ name: "checkout", steps: [one, ship] }), {}, {
    ledger: books,
    ...options,
  });
}

function messageOf(report: SweepReport): string {
  return assertThrows(() => assertCompensated(report), Error).message;
}

function bugsOf(report: SweepReport): string[] {
  return outcomes(report).filter((text) => /left|failed|differs|hangs/.test(text));
}

/** Charges once per key, and returns the key as the id of the charge. */
async function charge(key: string, signal?: AbortSignal) {
  await books.addOnce("charge", key, { signal });
  return { id: key };
}
const refund = (key: string) => books.removeAll("charge", key);
const forbid = (key: string) => books.forbid("charge", key);

describe("a sweep accepts an undo by key", () => {
  it("if the undo forbids the key, even if the signal is passed on", async () => {
    assertCompensated(
      await sweepOf(step({
        name: "charge",
        timeout,
        retry,
        run: (_ctx, { key, signal }) => charge(key, signal),
        undoByKey: { run: (_ctx, { effectKey }) => forbid(effectKey), timeout },
      })),
    );
  });

  it("of an attempt that lands after its retry has succeeded, with no ledger and fakes that wait for a timer", async () => {
    const slow = step({
      name: "charge",
      timeout,
      retry,
      run: async (_ctx, { key }) => {
        await drain();
        return await charge(key);
      },
      undoByKey: { run: (_ctx, { effectKey }) => forbid(effectKey), timeout },
    });
    assertCompensated(await sweepOf(slow, { ledger: undefined, setup: () => books.clear() }));
  });

  it("beside a rollback", async () => {
    assertCompensated(
      await sweepOf(step({
        name: "charge",
        timeout,
        retry,
        run: (_ctx, { key, signal }) => charge(key, signal),
        rollback: { run: (_ctx, { id }) => refund(id), timeout },
        undoByKey: { run: (_ctx, { effectKey }) => forbid(effectKey), timeout },
      })),
    );
  });

  it("if all attempts are one effect, and the undo waits before it looks: no time passes", async () => {
    let noise = 0;
    const idempotent = step({
      name: "charge",
      timeout,
      retry,
      idempotent: true,
      run: async (_ctx, { key, signal }) => ({ ...await charge(key, signal), noise: noise++ }),
      rollback: { run: (_ctx, { id }) => refund(id), timeout },
      undoByKey: {
        run: (_ctx, { effectKey }) => refund(effectKey),
        timeout,
        afterMs: 3_600_000,
      },
    });
    assertCompensated(await sweepOf(idempotent));
  });

  it("if the undo looks for a reference, and no signal is passed on", async () => {
    assertCompensated(
      await sweepOf(step({
        name: "charge",
        timeout,
        retry,
        run: async (_ctx, { key }) => {
          await books.add("charge", key);
          return { id: key };
        },
        rollback: { run: (_ctx, { id }) => refund(id), timeout },
        undoByKey: { run: (_ctx, { effectKey }) => refund(effectKey), timeout },
      })),
    );
  });

  it("if the other side counts, and no answer is lost", async () => {
    const take = step({
      name: "take",
      timeout,
      retry,
      run: () => books.add("taken", "tea"),
      rollback: { run: () => books.remove("taken", "tea"), timeout },
    });
    assertEquals(bugsOf(await sweepOf(take)).every((text) => text.includes(": after ")), true);
    assertCompensated(await sweepOf(take, { except: "take: after" }));
  });
});

describe("a sweep finds", () => {
  it("an undo by key that looks at once, if the signal is passed on", async () => {
    const hasty = step({
      name: "charge",
      timeout,
      run: (_ctx, { key, signal }) => charge(key, signal),
      undoByKey: { run: (_ctx, { effectKey }) => refund(effectKey), timeout },
    });
    const report = await sweepOf(hasty);
    assertEquals(bugsOf(report), [
      "charge@1: late left",
      "charge@1: abort left",
      "charge@1!effect1: overtaken left",
    ]);
    assertStringIncludes(
      messageOf(report),
      "let the undo forbid it (a void by its key, in an 'undoByKey')",
    );
  });

  it("a step that may lose its answer, and has only a rollback", async () => {
    const careless = step({
      name: "charge",
      run: (_ctx, { key }) => charge(key),
      rollback: { run: (_ctx, { id }) => refund(id), timeout },
    });
    const report = await sweepOf(careless);
    assertEquals(bugsOf(report), ["charge@1: after left", "charge@1!effect1: after left"]);
    assertStringIncludes(
      messageOf(report),
      "a step that fails is not rolled back: give it an 'undoByKey'",
    );
  });

  it("a mistake in an undo by key, which a run without faults never calls", async () => {
    const steps = (undoByKey: Parameters<typeof step>[0]["undoByKey"]) =>
      step({
        name: "charge",
        run: (_ctx, { key }) => charge(key),
        rollback: { run: (_ctx, { id }: { id: string }) => refund(id), timeout },
        undoByKey,
      });
    const endless = await sweepOf(steps((_ctx, { effectKey }) => forbid(effectKey)));
    assertEquals(bugsOf(endless), ["charge!key: hang hangs"]);
    assertStringIncludes(messageOf(endless), "'charge!key' hangs:\n    the run does not end");

    const strict = (_ctx: unknown, { effectKey }: { effectKey: string }) =>
      books.remove("charge", effectKey);
    const twice = await sweepOf(steps({ run: strict, timeout, retry: { count: 1 } }));
    assertEquals(bugsOf(twice).filter((text) => text.includes("!key")), [
      "charge!key: after left",
      "charge!key: hang left",
    ]);
    const only = "charge!key: after";
    assertEquals(
      outcomes(await sweepOf(steps({ run: strict, timeout, retry: { count: 1 } }), { only })),
      ["charge!key: after left"],
    );
  });

  it("a repeated key whose outputs differ although it is one effect", async () => {
    let noise = 0;
    const differing = (idempotent: boolean) =>
      step({
        name: "charge",
        timeout,
        retry,
        idempotent,
        run: async (_ctx, { key }) => ({ ...await charge(key), noise: noise++ }),
        rollback: { run: (_ctx, { id }) => refund(id), timeout },
      });
    const report = await sweepOf(differing(false), { except: "charge: after" });
    assertEquals(bugsOf(report), [
      "charge@2: late differs",
      "charge@2!effect1: late differs",
      "charge@2!effect1: overtaken differs",
      "charge@1: late differs",
      "charge@1!effect1: late differs",
      "charge@1!effect1: overtaken differs",
    ]);
    assertStringIncludes(
      messageOf(report),
      "and returned different outputs: let them return the same for the same id, or say 'idempotent: true'",
    );
    assertCompensated(await sweepOf(differing(true), { except: "charge: after" }));
  });

  it("two effects that are declared as one", async () => {
    const twice = step({
      name: "charge",
      timeout,
      retry,
      idempotent: true,
      run: async (_ctx, { key }) => {
        await books.add("charge", key);
        return { id: key };
      },
      rollback: { run: (_ctx, { id }) => books.remove("charge", id), timeout },
      undoByKey: { run: (_ctx, { effectKey }) => refund(effectKey), timeout },
    });
    const question =
      "two attempts asked for 'charge sweep/checkout/charge': is it one effect, as 'idempotent: true' promises?";
    assertStringIncludes(messageOf(await sweepOf(twice)), question);

    const once = step({
      name: "charge",
      retry,
      idempotent: true,
      run: (_ctx, { key }) => charge(key),
      rollback: { run: (_ctx, { id }) => refund(id), timeout },
    });
    const message = messageOf(await sweepOf(once));
    assertStringIncludes(message, "give it an 'undoByKey'");
    assertEquals(message.includes(question), false);
  });

  it("an undo by key that has undone nothing, and does not ask for another one", async () => {
    const idle = step({
      name: "charge",
      run: (_ctx, { key }) => charge(key),
      rollback: { run: (_ctx, { id }) => refund(id), timeout },
      undoByKey: () => {},
    });
    const message = messageOf(await sweepOf(idle));
    assertStringIncludes(message, "'charge!key' was called, and has not undone it");
    assertEquals(message.includes("give it an 'undoByKey'"), false);
  });
});
