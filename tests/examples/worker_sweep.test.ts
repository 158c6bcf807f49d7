import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { assertCompensated, ledger, sweep, type SweepReport } from "@runsheet/runsheet/testing";
import type { Service } from "../../examples/worker/args.ts";
import { checkout } from "../../examples/worker/checkout.ts";

type Act = (key: string, options: { signal?: AbortSignal }) => Promise<void>;
type Acts = Record<string, Act>;

/** The services that the Worker posts to; each path has its act, which is done under a key. */
function serviceOf(acts: Acts): Service {
  return {
    fetch: async (url, { body, signal } = {}) => {
      const { key } = JSON.parse(String(body));
      await acts[new URL(url).pathname]!(key, signal ? { signal } : {});
      return Response.json({ id: key });
    },
  };
}

describe("the sweep of examples/worker", () => {
  const order = { sku: "tea", quantity: 2, amount: 700, card: "visa", email: "ada@mail.example" };

  /** Sweeps the Worker, with something broken in the services. */
  async function sweepWorker(broken: Acts = {}): Promise<SweepReport> {
    const books = ledger();
    const { quantity, amount } = order;
    const services = serviceOf({
      "/reservations": (key, options) =>
        books.addOnce("reservation", key, { ...options, amount: quantity }),
      "/releases": (key, options) => books.forbid("reservation", key, options),
      "/charges": (key, options) => books.addOnce("charge", key, { ...options, amount }),
      "/voids": (key, options) => books.forbid("charge", key, options),
      // A mail cannot be undone, and only says that it was sent.
      "/mails": (_key, options) => books.call(() => {}, options),
      ...broken,
    });
    const deps = { services: { STOCK: services, PAYMENTS: services, MAIL: services } };
    return await sweep(checkout, { order }, { deps, ledger: books });
  }

  it("finds nothing, in all attempts and undos", async () => {
    const report = await sweepWorker();
    assertCompensated(report);
    const cases = new Set(report.rows.map(({ id, fault }) => `${id}: ${fault}`));
    for (
      const one of [
        "reserveStock@1!effect1: overtaken",
        "chargePayment@1!effect1: after",
        "chargePayment@1: late",
        "chargePayment@1!effect1: overtaken",
        "sendReceipt@1: abort",
      ]
    ) assertEquals([one, cases.has(one)], [one, true]);
  });

  for (const undo of ["/releases", "/voids"]) {
    it(`finds that ${undo} does nothing`, async () => {
      const report = await sweepWorker({ [undo]: async () => {} });
      const { message } = assertThrows(() => assertCompensated(report), Error);
      const left = { "/releases": "2 of reservation", "/voids": "700 of charge" }[undo]!;
      assertStringIncludes(message, left);
    });
  }
});
