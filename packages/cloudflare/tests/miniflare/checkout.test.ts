// The checkout of examples/checkout on the real workerd, which is killed with SIGKILL: a few times, or
// RUNSHEET_KILLS times, or, with `all`, at every request that it makes.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { OrderEnd } from "../../../../tests/support/checkout_services.ts";
import { type CheckoutEngine, killCheckouts } from "../../../../tests/support/killed_checkouts.ts";
import { App, bundle } from "./support/app.ts";

describe("the checkout of the examples on Cloudflare Workflows, whose workerd is killed,", () => {
  let script: string;
  before(async () => {
    script = await bundle("checkout");
  });

  async function open(worldUrl: string): Promise<CheckoutEngine> {
    const app = new App(Number(new URL(worldUrl).port));
    await app.start(script);
    let isUp = Promise.resolve();
    return {
      async checkOut(id, order) {
        for (;;) {
          await isUp;
          const life = isUp;
          try {
            await app.create(id, order);
            return (await app.ended(id)).output as OrderEnd;
          } catch (error) {
            if (life === isUp) throw error;
          }
        }
      },
      kill() {
        isUp = app.kill().then(() => app.start(script));
      },
      async stop() {
        await isUp;
        await app.stop();
      },
    };
  }

  it("balances", async () => {
    const wrong = await killCheckouts(open, 3);
    assert.deepEqual(wrong, []);
  });
});
