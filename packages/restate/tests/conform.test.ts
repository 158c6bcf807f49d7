import { after, before, describe, it } from "node:test";
import process from "node:process";
import { assertConforms, conform } from "@runsheet/runsheet/testing";
import { sagaTarget } from "./support/saga_target.ts";
import { Server, skipWithoutServer } from "./support/server.ts";

// Each process takes its time to start, so only some moments; with RUNSHEET_KILLS=all, all.
const every = process.env.RUNSHEET_KILLS === "all" ? 1 : 12;
const waitMs = 500;

describe("a saga on Restate whose workers are killed", { skip: skipWithoutServer }, () => {
  let server: Server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server.stop());

  it("ends as if nobody had killed it, in calls, waits and undos", async () => {
    const options = { waitMs, every, concurrency: 4, patienceMs: 120_000 };
    const report = await conform(sagaTarget(server, waitMs), options);
    if (process.env.SHOW) console.log(JSON.stringify(report, null, 1));
    assertConforms(report);
  });
});
