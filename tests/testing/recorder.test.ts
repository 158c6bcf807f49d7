import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { step } from "@runsheet/runsheet";
import { recorder } from "@runsheet/runsheet/testing";
import { checkout, type Effects } from "../support/checkout.ts";
import { boom } from "../support/steps.ts";

describe("recorder", () => {
  it("keeps the order of effects and undos, at every depth", async () => {
    const effects: Effects = [];
    const host = recorder();
    await checkout(effects, { fails: true }).run({ sku: "tea" }, { host });
    assertEquals(host.order, [
      "reserve@1",
      "payment/charge@1!defer1",
      "payment/charge@2",
      "log@1",
      "log#2@1",
      "payment/charge!undo",
      "payment/charge@2!defer1",
      "reserve!undo@2",
    ]);
    assertEquals(
      host.calls.filter(({ outcome }) => !outcome.ok).map(({ id }) => id),
      ["payment/charge@1", "ship@1", "reserve!undo"],
    );
    assertEquals(host.waits, [
      { id: "payment/charge@2!wait", ms: 20 },
      { id: "reserve!undo@2!wait", ms: 5 },
    ]);
  });

  it("keeps undos by a key, and the waits before them, in which no time passes", async () => {
    const host = recorder();
    const charge = step({
      name: "charge",
      retry: { count: 1 },
      run: (_ctx, { attempt }) => {
        if (attempt === 1) throw boom;
        return { id: 1 };
      },
      rollback: () => {},
      undoByKey: { run: () => {}, afterMs: 3_600_000 },
    });
    const watches: Promise<unknown>[] = [];
    const waitUntil = (watch: Promise<unknown>) => watches.push(watch);
    const result = await charge.run({}, { host, waitUntil });
    assertEquals(result.success, true);
    await Promise.all(watches);
    // The undo waits outside the run, in which no time passes either: any of them may come first.
    assertEquals(host.order.toSorted(), ["charge!key", "charge@2"]);
    assertEquals(host.waits, [{ id: "charge!wait", ms: 3_600_000 }]);
  });

  it("can be shared by several runs, and forgets on demand", async () => {
    const host = recorder();
    const once = checkout([], {});
    await once.run({ sku: "tea" }, { host });
    const { length } = host.order;
    await once.run({ sku: "tea" }, { host });
    assertEquals(host.order.length, 2 * length);
    host.clear();
    assertEquals([host.order, host.calls, host.waits], [[], [], []]);
  });
});
