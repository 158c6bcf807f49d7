// RUNSHEET_KILLS=all kills at every moment, RUNSHEET_KILLS=20 at twenty random ones of the shop.
// RUNSHEET_SEED, which a failure prints, chooses these.
import { after, before, describe, it } from "node:test";
import process from "node:process";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { assertConforms, conform } from "@runsheet/runsheet/testing";
import { assert, assertEquals } from "@std/assert";
import { checkoutProcesses } from "../../../tests/support/checkout_processes.ts";
import { namedMoments, randomMoments } from "../../../tests/support/kill_moments.ts";
import { type Postgres, startPostgres } from "../../../tests/support/postgres.ts";
import { killCheckouts } from "../../../tests/support/killed_checkouts.ts";
import { spawnFile } from "../../../tests/support/spawn.ts";
import { skipWithoutSqlite } from "../../../tests/support/sqlite.ts";
import { sagaTarget } from "./support/saga_target.ts";
import { script } from "./support/script.ts";
import { assertBalances } from "./support/shop.ts";

const isAll = process.env.RUNSHEET_KILLS === "all";
const waitMs = 1_000;
const moments = [...namedMoments, ...randomMoments(1, { min: 1, max: 600 })];

describe("dbos()", () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
    // Processes that make its tables at the same time fail.
    await DBOS.migrate(server.url);
  });
  after(() => server.stop());

  it("ends a saga as if its processes had not been killed", async () => {
    // Processes start slowly.
    const every = isAll ? 1 : 48;
    const options = { waitMs, every, concurrency: 4, patienceMs: 600_000 };
    assertConforms(await conform(sagaTarget(server.url, waitMs), options));
  });

  it("ends the orders of examples/service in balance, whenever their process is killed", async () => {
    const waiting = [...moments];
    const next = async () => {
      for (let one; (one = waiting.shift());) await assertBalances(server, one);
    };
    // A few at a time.
    await Promise.all([next(), next(), next()]);
  });

  it(
    "ends the orders of examples/checkout in balance, whenever their process is killed",
    { skip: skipWithoutSqlite },
    async () => {
      const wrong = await killCheckouts(
        (worldUrl) => checkoutProcesses(script("checkout_worker"), server.url, worldUrl),
        3,
      );
      assertEquals(wrong, []);
    },
  );

  it("explains each refusal in a sentence, loses nothing, and does not try again", async () => {
    const urls = [await server.newDatabase(), await server.newDatabase()];
    const { stdout, stderr } = await spawnFile(script("refused"), urls);
    assert(stdout, stderr);
    const { nowhere, empty, removedLog, ...told } = JSON.parse(stdout);
    const isTold = nowhere.startsWith("Unable to connect to system database at postgres://");
    assert(isTold, nowhere);
    assert(empty.includes("is at schema version 0, but this version of DBOS requires"), empty);
    assertEquals(removedLog, told.removed.replace("<options>: ", ""));
    const cannot = "<options>: Cannot continue run 'order-1' of 'order'";
    const warned = (shown: string) =>
      "Cannot take a message to run 'order-1' as it must be { event, data } or { cancel }: " +
      `current value is ${shown}`;
    assertEquals(told, {
      notLaunched: "<options>: `DBOS.launch()` must be called before running workflows.",
      twice: "Cannot make 'order' durable as DBOS must accept it: Operation (Name: " +
        ".order) is already registered",
      late: "Cannot make 'late' durable as DBOS must accept it: DBOS code is being " +
        "registered after DBOS.launch()",
      unnamed: "Cannot send an event as its name must be a string that is not empty: current " +
        'value is ""',
      nobody: "Cannot cancel as 'runId' must be a string that is not empty: current value is " +
        "undefined",
      data: "Cannot send 'approval' as its data must be data that can be recorded: it.data.by is " +
        "a function",
      reason: "Cannot cancel as its data must be data that can be recorded: it.cancel is a URL",
      unknown: "Sent to non-existent destination workflow UUID: nothing",
      noId: "<options>: Cannot run 'order' as 'runId' must be a string that is not empty: " +
        'current value is ""',
      nul: "<options>: Cannot run 'order' as 'runId' must be text that PostgreSQL can store: " +
        'current value is "\\u0000"',
      foreign: "<options>: Cannot continue run 'order-0' of 'order' as 'run' must have begun it: " +
        "its input is { sku: 'tea' }",
      large: "large: Cannot record 'large' as what it returns must have at most 33554432 bytes: " +
        "current value is 34000031",
      isUndone: true,
      isOpen: true,
      args: "<options>: Cannot record the args of 'order' as they must be data that can be " +
        "recorded: it.args.db is a URL",
      otherArgs: "<options>: Cannot run 'order' as a run of this id must have the args that it " +
        "began with: 'order-1' has others",
      otherPipeline: "<options>: Cannot run 'refund' as no run of another pipeline may have its " +
        "id: 'order-1' is one of 'order'",
      otherSend: "Cannot send 'approval' as 'refund' must have begun run 'order-1': 'order' did",
      otherCancel: "Cannot cancel as 'refund' must have begun run 'order-1': 'order' did",
      removed: `${cannot} as every step that it began with must be there: 'charge' is not`,
      added:
        `${cannot} as its pipeline must be the one that began it: it asks for 'ship@1' where ` +
        "something else was recorded",
      deps: `${cannot}: Cannot run 'order' as its deps must be what 'deps' says: db must be an ` +
        "object (was missing)",
      stopped: { status: "CANCELLED", attempts: 1 },
      ended: { sku: "tea", reserve: "reserve", charge: "charge" },
      again: true,
      made: ["reserve", "charge"],
      warnings: [
        "Cannot continue run 'order-1' of 'order' as its process must have the " +
        "'applicationVersion' of DBOS that it began with: it is 'shop 1', and here 'shop 2'",
        ...["5", "'approval'", "{ evnt: 'approval' }", "{ event: '' }", "{}", "[ {} ]"]
          .map(warned),
      ],
    });
  });

  it("rolls back a run that is cancelled while a call is in flight", async () => {
    const { stdout, stderr } = await spawnFile(script("cancelled"), [await server.newDatabase()]);
    assert(stdout, stderr);
    assertEquals(JSON.parse(stdout), {
      message: "Cannot finish 'order' as its signal must not abort: its reason is " +
        '"changed my mind"',
      failedStep: "pack",
      completed: ["reserve"],
      failed: [],
      made: ["reserve", "pack", "pack", "undo reserve"],
      isAllRead: true,
    });
  });

  it("continues a run after a failover, in which the database is read-only", async () => {
    const { stdout, stderr } = await spawnFile(script("failover"), [await server.newDatabase()]);
    assert(stdout, stderr);
    const { log, ...ended } = JSON.parse(stdout);
    assert(log.startsWith("Cannot continue run 'order-1' of 'order': cannot execute"), log);
    assertEquals(ended, { data: { parcel: 1 }, names: ["reserve", "pack"] });
  });
});
