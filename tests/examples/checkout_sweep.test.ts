import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  assertCompensated,
  type Ledger,
  ledger,
  sweep,
  type SweepOptions,
  type SweepReport,
} from "@runsheet/runsheet/testing";
import { makeCheckout, type OrderRow, type Services } from "../../examples/checkout/checkout.ts";
import type { Database as Shop } from "../../examples/checkout/database.ts";
import { GatewayBooks, type Unpaid } from "../../examples/checkout/gateway_books.ts";
import { GatewayClient, GatewayError } from "../../examples/checkout/gateway_client.ts";
import { Mailer } from "../../examples/checkout/mailer.ts";
import { entries } from "../support/books.ts";
import { skipWithoutSqlite as skip } from "../support/sqlite.ts";

describe("the sweep of examples/checkout", () => {
  const order: OrderRow = {
    orderId: "o-0001",
    customer: "Ann",
    email: "ann@mail.example",
    address: "1 Road",
    cardToken: "tok_ok",
    sku: "tea",
    quantity: "2",
    unitPrice: "450",
  };
  const stocked = 10;

  /**
   * A gateway client without HTTP: an abandoned request has no answer, but may still take effect.
   */
  class DirectClient extends GatewayClient {
    readonly #gateway: GatewayBooks;
    readonly #books: Ledger;
    constructor(gateway: GatewayBooks, books: Ledger) {
      super("http://nowhere.invalid");
      this.#gateway = gateway;
      this.#books = books;
    }
    override async charge(...[request, key, signal]: Parameters<GatewayClient["charge"]>) {
      const charge = () => this.#gateway.charge(key, request);
      return await this.#ask(charge, signal) as { chargeId: string };
    }
    override async refund(...[chargeId, , signal]: Parameters<GatewayClient["refund"]>) {
      await this.#ask(() => this.#gateway.refund(chargeId), signal);
    }
    override async void(...[key, signal]: Parameters<GatewayClient["void"]>) {
      await this.#ask(() => this.#gateway.void(key), signal);
    }
    async #ask(act: () => ReturnType<GatewayBooks["void"]>, signal: AbortSignal): Promise<unknown> {
      const answer = await this.#books.call(act, { signal });
      if (answer?.status !== 200) throw new GatewayError(answer?.status ?? 504, answer?.body ?? "");
      return JSON.parse(answer.body);
    }
  }

  /** Sweeps the checkout with one broken service. */
  async function sweepCheckout(
    { unpaid, broken, ...options }: SweepOptions & {
      unpaid?: Unpaid;
      broken?: (services: Services) => void;
    } = {},
  ): Promise<SweepReport> {
    const { Database } = await import("../../examples/checkout/database.ts");
    let gateway = new GatewayBooks(unpaid);
    let db: Shop | undefined;
    const left = () => {
      if (!db) return [];
      const held = [...db.stock().values(), ...db.reserved().values(), ...db.shipped().values()];
      const lost = stocked - held.reduce((sum, amount) => sum + amount, 0);
      return [
        ...entries("reservation", db.reserved()),
        ...entries("shipment", db.shipped()),
        ...entries("goods lost", [["tea", lost]]),
        ...entries("payment", db.payments()),
        ...entries("charge", gateway.balance()),
      ];
    };
    const books = ledger(left);
    const deps = () => {
      db?.close();
      gateway = new GatewayBooks(unpaid);
      db = new Database([{ sku: "tea", name: "Tea", stock: String(stocked) }]);
      const services = { db, gateway: new DirectClient(gateway, books), mailer: new Mailer() };
      broken?.(services);
      return services;
    };
    try {
      return await sweep(makeCheckout([]), order, {
        ledger: books,
        // An error that is retried.
        error: () => new GatewayError(503, "out of order"),
        ...options,
        deps,
      });
    } finally {
      db?.close();
    }
  }

  it("finds nothing, in all attempts and undos", { skip }, async () => {
    const report = await sweepCheckout();
    assertCompensated(report);
    const ids = new Set(report.rows.map(({ id }) => id));
    for (
      const id of [
        "checkout",
        "validateOrder@1",
        "chargePayment@4",
        "chargePayment!undo@4",
        "chargePayment@1!defer1",
        "chargePayment@4!effect1",
        "chargePayment~4!key",
        "fulfil/sendConfirmation@1",
        "fulfil/createShipment!key",
      ]
    ) assertEquals([id, ids.has(id)], [id, true]);
    const overtaken = report.rows.filter(({ fault }) => fault === "overtaken").map(({ id }) => id);
    assert(overtaken.includes("chargePayment@1!effect1"), "a charge comes after its undo");
  });

  const planted: Record<string, [Parameters<typeof sweepCheckout>[0], string, string]> = {
    "a refund that is confirmed but not made": [
      { unpaid: "refunded" },
      "the run of 'checkout' fails at its end",
      "900 of charge o-0001 is left, by 'chargePayment'",
    ],
    "a void that is confirmed but not made": [
      { unpaid: "voided" },
      "'chargePayment@4' throws after its effect",
      "900 of charge o-0001 is left, by 'chargePayment'",
    ],
    "a release that does nothing": [
      { broken: ({ db }) => db.release = () => {} },
      "the same in reserveStock@1 (invalid, abort), chargePayment@1 (before, after, late, invalid, abort)",
      "2 of reservation o-0001 is left, by 'reserveStock'",
    ],
    "an unship that loses the goods": [
      {
        broken: ({ db }) => {
          const { unship } = db;
          db.unship = (orderId) => {
            unship.call(db, orderId);
            db.release = () => {};
          };
        },
      },
      "fulfil/sendConfirmation@1 (before, after, invalid, abort)",
      "2 of reservation o-0001 is left",
    ],
    "a payment that is booked, and never removed from the books": [
      { broken: ({ db }) => db.removePayment = () => {} },
      "the run of 'checkout' fails at its end",
      "900 of payment o-0001 is left, by 'chargePayment'",
    ],
  };
  for (const [what, [options, where, left]] of Object.entries(planted)) {
    it(`finds ${what}`, { skip }, async () => {
      const report = await sweepCheckout(options);
      const { message } = assertThrows(() => assertCompensated(report), Error);
      assertStringIncludes(message, where);
      assertStringIncludes(message, left);
    });
  }
});
