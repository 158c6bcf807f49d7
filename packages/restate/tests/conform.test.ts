import { after, before, describe, it } from "node:test";
import process from "node:process";
import { assertConforms, conform } from "@runsheet/runsheet/testing";
import { sagaTarget } from "./support/saga_target.ts";
import { Server, skipWithoutServer } from "./support/server.ts";

// Processes start slowly, so it kills at only some moments; with RUNSHEET_KILLS=all, at all.
const isAll = process.env.RUNSHEET_KILLS === "all";
const waitMs = 500;
const options = { waitMs, every: isAll ? 1 : 12, concurrency: 4, patienceMs: 120_000 };
// A few runs are enough to prove that Deno serves as Node does.
const isBrief = !isAll && process.versions.deno !== undefined;
const skip = isBrief && "the next test kills it on Deno; both do if RUNSHEET_KILLS is all";

describe("a saga on Restate whose workers are killed", { skip: skipWithoutServer }, () => {
  let server: Server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server.stop());

  it("ends as if it had not been killed, in calls, waits and undos", { skip }, async () => {
    assertConforms(await conform(sagaTarget(server, waitMs), options));
  });

  it("ends the same when Restate unloads it from its process whenever it waits", async () => {
    const endings = isBrief ? ["fails"] as const : ["fails", "is cancelled"] as const;
    assertConforms(await conform(sagaTarget(server, waitMs, 50), { ...options, endings }));
  });
});
