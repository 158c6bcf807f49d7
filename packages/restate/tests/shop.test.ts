// RUNSHEET_KILLS=20 kills each example at twenty moments; all kills the shop at fifty, and the checkout
// at every request. RUNSHEET_SEED, which a failure prints, chooses them.
import { after, before, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { namedMoments, randomMoments } from "../../../tests/support/kill_moments.ts";
import { killCheckouts } from "../../../tests/support/killed_checkouts.ts";
import { type Postgres, startPostgres } from "../../../tests/support/postgres.ts";
import { checkoutEngine } from "./support/checkout.ts";
import { Server, skipWithoutServer } from "./support/server.ts";
import { assertBalances } from "./support/shop.ts";

const moments = [...namedMoments, ...randomMoments(1, { min: 20, max: 300 })];

describe("the orders of the examples on Restate", { skip: skipWithoutServer }, () => {
  let server: Server;
  let postgres: Postgres;
  before(async () => {
    [server, postgres] = await Promise.all([Server.start(), startPostgres()]);
  });
  after(async () => {
    await server.stop();
    await postgres.stop();
  });

  it("of the checkout end in balance, whenever their worker is killed", async () => {
    const wrong = await killCheckouts((worldUrl) => checkoutEngine(server, worldUrl), 3);
    assertEquals(wrong, []);
  });

  it("of the service end in balance, whenever their worker is killed", async () => {
    const waiting = [...moments];
    const next = async () => {
      for (let one; (one = waiting.shift());) await assertBalances(server, postgres, one);
    };
    // Two at a time.
    await Promise.all([next(), next()]);
  });
});
