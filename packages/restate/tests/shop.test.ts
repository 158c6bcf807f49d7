// RUNSHEET_KILLS=20 kills at twenty random moments, all at fifty. RUNSHEET_SEED, which a failure
// prints, chooses them.
import { after, before, describe, it } from "node:test";
import { namedMoments, randomMoments } from "../../../tests/support/kill_moments.ts";
import { type Postgres, startPostgres } from "../../../tests/support/postgres.ts";
import { Server, skipWithoutServer } from "./support/server.ts";
import { assertBalances } from "./support/shop.ts";

const moments = [...namedMoments, ...randomMoments(1, { min: 20, max: 300 })];

describe("the orders of examples/service on Restate", { skip: skipWithoutServer }, () => {
  let server: Server;
  let postgres: Postgres;
  before(async () => {
    [server, postgres] = await Promise.all([Server.start(), startPostgres()]);
  });
  after(async () => {
    await server.stop();
    await postgres.stop();
  });

  it("end in balance, whenever their worker is killed", async () => {
    const waiting = [...moments];
    const next = async () => {
      for (let one; (one = waiting.shift());) await assertBalances(server, postgres, one);
    };
    // Two at a time.
    await Promise.all([next(), next()]);
  });
});
