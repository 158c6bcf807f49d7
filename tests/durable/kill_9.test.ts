import { describe, it } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { spawnScript } from "../support/spawn.ts";
import { skipWithoutSqlite, sqlite } from "../support/sqlite.ts";

const RUNS = "Cannot retry 'ship' as its 1 retries are used up: Error: no courier";

describe("a durable run over SQLite whose process is killed", () => {
  it("ends alike wherever SIGKILL strikes", { skip: skipWithoutSqlite }, async () => {
    const whole = await run(0);
    assertEquals(whole.told.error, RUNS);
    // A sample of the moments: each start of a process takes its time. How many there are depends
    // on the machine, since a slow run renews its lease more often.
    let kills = 0;
    for (let wasKilled = true; wasKilled;) {
      const killAt = 3 + 7 * kills;
      const { told, effects, ...first } = await run(killAt);
      assertEquals({ ...told, moments: 0 }, { ...whole.told, moments: 0 }, `moment ${killAt}`);
      assertEquals(effects, whole.effects, `moment ${killAt}`);
      wasKilled = first.wasKilled;
      if (wasKilled) kills++;
    }
    assert(kills >= 7, `killed ${kills} times`);
  });
});

interface Told {
  readonly error: string;
  readonly completed: readonly string[];
  readonly moments: number;
}

/** Runs the order in a process that is killed, and then in others until one comes to its end. */
async function run(
  killAt: number,
): Promise<{ told: Told; effects: unknown; wasKilled: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), "durable-"));
  const path = join(folder, "orders.db");
  try {
    const first = await spawnScript("durable_order", [path, String(killAt)]);
    const wasKilled = first.stdout === "";
    const last = wasKilled ? await spawnScript("durable_order", [path]) : first;
    assert(last.stdout, last.stderr);
    const db = new sqlite!.DatabaseSync(path);
    const effects = db.prepare("select name, key, undone > 0 as undone from effects order by key")
      .all().map((row) => ({ ...row }));
    db.close();
    return { told: JSON.parse(last.stdout), effects, wasKilled };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
