import { describe, it } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { assertConforms, conform } from "@runsheet/runsheet/testing";
import { processTarget } from "../support/process_target.ts";
import { skipWithoutSqlite } from "../support/sqlite.ts";

// Processes start slowly, so it kills at only some moments; with a large RUNSHEET_RUNS, at all.
const every = Number(process.env.RUNSHEET_RUNS) >= 1_000 ? 1 : 12;
const waitMs = 500;

describe("a saga over SQLite whose processes are killed", { skip: skipWithoutSqlite }, () => {
  it("ends as if it had not been killed, in calls, waits and undos", async () => {
    const options = { waitMs, every, concurrency: 4, patienceMs: 300_000 };
    const folder = mkdtempSync(join(tmpdir(), "saga-"));
    try {
      const newFile = () => join(folder, crypto.randomUUID());
      assertConforms(await conform(processTarget(waitMs, newFile), options));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
