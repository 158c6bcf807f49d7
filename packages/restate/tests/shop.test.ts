// RUNSHEET_KILLS=20 kills each example at twenty moments; all kills the shop at fifty, and the checkout
// at every request. RUNSHEET_SEED, which a failure prints, chooses them.
import { after, before, describe, it } from "node:test";
import process from "node:process";
import { assertEquals } from "@std/assert";
import { namedMoments, randomMoments } from "../../../tests/support/kill_moments.ts";
import { killCheckouts } from "../../../tests/support/killed_checkouts.ts";
import { startPostgres } from "../../../tests/support/postgres.ts";
import { checkoutEngine } from "./support/checkout.ts";
import { Server, skipWithoutServer } from "./support/server.ts";
import { assertBalances } from "./support/shop.ts";

const moments = [...namedMoments, ...randomMoments(1, { min: 20, max: 300 })];
// A few orders are enough to prove that Deno serves as Node does.
const isBrief = process.versions.deno !== undefined && process.env.RUNSHEET_KILLS === undefined;
const skip = isBrief && "takes too long on Deno too, unless RUNSHEET_KILLS is set";

describe("the orders of the examples on Restate", { skip: skipWithoutServer }, () => {
  let server: Server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server.stop());

  it("of the checkout end in balance, whenever their worker is killed", async () => {
    const few = isBrief ? 1 : 3;
    assertEquals(await killCheckouts((worldUrl) => checkoutEngine(server, worldUrl), few), []);
  });

  it("of the service end in balance, whenever their worker is killed", { skip }, async () => {
    const postgres = await startPostgres();
    try {
      const waiting = [...moments];
      const next = async () => {
        for (let one; (one = waiting.shift());) await assertBalances(server, postgres, one);
      };
      // Two at a time.
      await Promise.all([next(), next()]);
    } finally {
      await postgres.stop();
    }
  });
});
