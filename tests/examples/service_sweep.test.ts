import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { assertCompensated, ledger, sweep, type SweepReport } from "@runsheet/runsheet/testing";
import { ShopError } from "../../examples/service/errors.ts";
import { importProducts } from "../../examples/service/import_products.ts";
import { Payments } from "../../examples/service/payments.ts";
import { placeOrder } from "../../examples/service/place_order.ts";
import { entries } from "../support/books.ts";
import { printedBy } from "../support/console.ts";
import { type Broken, shopDb, type Tables } from "../support/shop_db.ts";

const stocked = 10;

/** The contents of the shop before every run. */
function stock(): Tables {
  return {
    products: new Map([["tea", { sku: "tea", price: 450, stock: stocked }]]),
    orders: new Map(),
    held: new Set(),
  };
}

describe("the sweep of examples/service that", () => {
  /**
   * Sweeps orders, with something broken in the database, or in a provider that confirms that a
   * charge is cancelled.
   */
  async function sweepOrders(broken: Broken = {}, cancels = true): Promise<SweepReport> {
    const tables = stock();
    const left = () => {
      const { products, orders } = tables;
      const ordered = [...orders.values()].map(({ id, quantity }) => [id, quantity] as const);
      const held = ordered.reduce((sum, [, quantity]) => sum + quantity, 0);
      const lost = stocked - products.get("tea")!.stock - held;
      return [...entries("order", ordered), ...entries("goods lost", [["tea", lost]])];
    };
    const books = ledger(left);
    // The effects of the provider are in the ledger itself.
    class Provider extends Payments {
      override async charge(...[key, , amount, signal]: Parameters<Payments["charge"]>) {
        await books.addOnce("charge", key, { amount, signal });
      }
      override async cancel(...[key, signal]: Parameters<Payments["cancel"]>) {
        await (cancels ? books.forbid("charge", key, { signal }) : books.call(() => {}));
      }
    }
    const db = shopDb(tables, books, broken);
    const services = { db, payments: new Provider("http://nowhere.invalid") };
    const args = () => {
      Object.assign(tables, stock());
      return {
        orderId: "01234567-89ab-4cde-8f01-23456789abcd",
        sku: "tea",
        quantity: 2,
        card: "tok_ok",
      };
    };
    // An error that is worth a retry.
    const error = () => new ShopError("PAYMENTS_DOWN");
    return (await printedBy(() => sweep(placeOrder(services), args, { ledger: books, error })))
      .value;
  }

  /** Sweeps an import of two products, one of which exists, and an invalid row. */
  async function sweepImports(broken: Broken = {}): Promise<SweepReport> {
    let tables = stock();
    const left = () => {
      const added = [...tables.products.keys()].filter((sku) => sku !== "tea");
      return [
        ...entries("product", added.map((sku) => [sku, 1])),
        ...entries("held", [...tables.held].map((what) => [what, 1])),
      ];
    };
    const books = ledger(left);
    const row = { sku: "cup", price: 900, stock: 3 };
    const args = { products: [{ ...row, sku: "tea" }, 7, row] };
    const deps = () => {
      tables = stock();
      return { db: shopDb(tables, books, broken) };
    };
    return (await printedBy(() => sweep(importProducts, args, { deps, ledger: books }))).value;
  }

  function assertCases(report: SweepReport, expected: readonly string[]): void {
    assertCompensated(report);
    const cases = new Set(report.rows.map(({ id, fault }) => `${id}: ${fault}`));
    for (const one of expected) assertEquals([one, cases.has(one)], [one, true]);
  }

  it("places an order finds nothing, in all attempts and undos", async () => {
    assertCases(await sweepOrders(), [
      "reserveStock@1!effect1: after",
      "reserveStock@1!effect1: overtaken",
      "chargeCard@1: late",
      "chargeCard@3!effect1: after",
      "chargeCard@1!effect1: overtaken",
      "confirmOrder@1!effect1: after",
      "confirmOrder!undo: hang",
    ]);
  });

  it("imports products finds nothing, in all rows and undos", async () => {
    assertCases(await sweepImports(), [
      "map(rows)[2]/checkProduct@1: abort",
      "importLock@1: abort",
      "saveProducts@1!effect1: after",
      "saveProducts@1!effect1: overtaken",
    ]);
  });

  const planted: Record<string, [sweeping: () => Promise<SweepReport>, left: string]> = {
    "a cancellation that is confirmed but not made": [
      () => sweepOrders({}, false),
      "900 of charge sweep/placeOrder/chargeCard",
    ],
    "goods that are not put back": [
      () =>
        sweepOrders({
          "with gone as": ({ orders }, [id]: [string]) => orders.delete(id) ? 1 : 0,
        }),
      "2 of goods lost tea",
    ],
    "an import that is not removed": [
      () =>
        sweepImports({
          "delete from products": () => 0,
        }),
      "product cup is left",
    ],
    "a lock that stays": [
      () => sweepImports({ "select pg_advisory_unlock": () => 0 }),
      "held lock is left",
    ],
  };
  for (const [what, [sweeping, left]] of Object.entries(planted)) {
    it(`is broken finds ${what}`, async () => {
      const report = await sweeping();
      const { message } = assertThrows(() => assertCompensated(report), Error);
      assertStringIncludes(message, left);
    });
  }
});
