import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Call, map, pipeline, step } from "@runsheet/runsheet";
import { checkout } from "../support/checkout.ts";
import { RecordingHost } from "../support/hosts.ts";
import { fail } from "../support/steps.ts";

describe("a call that a host receives", () => {
  it("says what it calls, with which data, and what there is to undo", async () => {
    const host = new RecordingHost();
    await checkout([], { fails: true }).run({ sku: "tea" }, { host, runId: "run" });
    const find = (id: string): Call | undefined => host.calls.find((call) => call.id === id);
    const ctx = { sku: "tea", reservation: "one tea" };
    const path = "payment/charge";
    const key = `run/checkout/${path}~2`;
    const common = { path, ctx, runId: "run" };
    assertEquals(find(`${path}@2`), {
      ...common,
      id: `${path}@2`,
      kind: "attempt",
      attempt: 2,
      key,
    });
    const undo = find(`${path}!undo`);
    assert(undo?.error);
    assertEquals(undo, {
      ...common,
      id: `${path}!undo`,
      kind: "undo",
      attempt: 1,
      key: `run/checkout/${path}!undo`,
      output: { charge: "paid" },
      effectKey: key,
      error: undo.error,
    });
    assertEquals(undo.error.message, "out of stock");
    assertEquals(find("reserve!undo@2")?.attempt, 2);
    assertEquals(find(`${path}@1!defer1`)?.kind, "undo");
  });

  it("has the item of a collection, and the name and data of an undo", async () => {
    const host = new RecordingHost();
    const hold = step({
      name: "hold",
      run: (_ctx, { defer }) => defer("release", { sku: "tea" }),
      undos: { release: () => {} },
    });
    const mails = map("mails", () => ["ann", "bob"], (to) => to);
    await pipeline({ name: "p", steps: [hold, mails, fail] }).run({}, { host });
    const items = host.calls.filter(({ kind }) => kind === "item");
    assertEquals(items.map(({ item, index }) => [item, index]), [["ann", 0], ["bob", 1]]);
    const undo = host.calls.find(({ kind }) => kind === "undo");
    assertEquals(undo?.undo, { name: "release", data: { sku: "tea" } });
  });
});
