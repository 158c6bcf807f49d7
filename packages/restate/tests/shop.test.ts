// RUNSHEET_KILLS=20 kills at twenty random moments, all at fifty. RUNSHEET_SEED, which a failure
// prints, chooses them.
import { after, before, describe, it } from "node:test";
import process from "node:process";
import fc from "fast-check";
import { type Postgres, startPostgres } from "../../../tests/support/postgres.ts";
import { Server, skipWithoutServer } from "./support/server.ts";
import { assertBalances, type Moment } from "./support/shop.ts";

const { RUNSHEET_KILLS = "1", RUNSHEET_SEED = "1" } = process.env;

const randomMoments = fc.sample(
  fc.record({ n: fc.noBias(fc.integer({ min: 20, max: 300 })), arrives: fc.boolean() }),
  {
    numRuns: RUNSHEET_KILLS === "all" ? 50 : Number(RUNSHEET_KILLS),
    seed: Number(RUNSHEET_SEED),
  },
).map(({ n, arrives }): Moment => ({
  name: `at piece ${n} of seed ${RUNSHEET_SEED}`,
  isLast: (_piece, nth) => nth === n,
  arrives,
  isRandom: true,
}));

const moments: readonly Moment[] = [
  sending("in a charge", "PUT /charges/", true),
  sending("in an undo of a charge", "DELETE /charges/", true),
  sending("in an undo of a reservation", "delete from orders", false),
  ...randomMoments,
];

function sending(name: string, text: string, arrives: boolean): Moment {
  return { name, isLast: (piece) => piece.includes(text), arrives };
}

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
