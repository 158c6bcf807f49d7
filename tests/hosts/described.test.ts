import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Call } from "@runsheet/runsheet";
import { checkout } from "../support/checkout.ts";
import { RecordingHost } from "../support/hosts.ts";

describe("a call that a host sees", () => {
  it("tells what it calls, with what, and what there is to undo", async () => {
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
});
