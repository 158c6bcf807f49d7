import { describe, it } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertEquals } from "@std/assert";
import { checkoutProcesses } from "../support/checkout_processes.ts";
import { killCheckouts } from "../support/killed_checkouts.ts";
import { assertSurvivesKills } from "../support/killed_orders.ts";
import { scriptPath } from "../support/spawn.ts";
import { skipWithoutSqlite, sqlite } from "../support/sqlite.ts";

describe("a durable run over SQLite whose process is killed", () => {
  it("ends an order of examples/checkout in balance", { skip: skipWithoutSqlite }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "checkout-"));
    const path = (worldUrl: string) => join(folder, new URL(worldUrl).port);
    try {
      const wrong = await killCheckouts(
        (worldUrl) => checkoutProcesses(scriptPath("checkout"), path(worldUrl), worldUrl),
        3,
      );
      assertEquals(wrong, []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("ends the same wherever SIGKILL strikes", { skip: skipWithoutSqlite }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "durable-"));
    const where = (runId: string) => join(folder, runId);
    try {
      await assertSurvivesKills({
        script: "durable_order",
        where,
        effectsOf(runId) {
          const db = new sqlite!.DatabaseSync(where(runId));
          const rows = db.prepare("select key, name, undone from effects order by key").all();
          db.close();
          return rows.map(({ key, name, undone }) => ({
            key: String(key),
            name: String(name),
            undone: Number(undone) > 0,
          }));
        },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
