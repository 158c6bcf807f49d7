import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Result } from "@runsheet/runsheet";
import { ledger } from "@runsheet/runsheet/testing";
import type { Database } from "../../examples/service/database.ts";
import { type Imported, importProducts } from "../../examples/service/import_products.ts";
import { shopDb } from "../support/shop_db.ts";

describe("an import of examples/service", () => {
  it("waits until a failed one has been removed again", async () => {
    const db = shopDb(
      { products: new Map(), orders: new Map(), held: new Set() },
      ledger(() => []),
      {},
    );
    const args = { products: [{ sku: "cup", price: 900, stock: 3 }] };
    const leaving = new AbortController();
    let second: Promise<Result<Imported>> | undefined;
    const query = async (strings: TemplateStringsArray, ...values: never[]) => {
      const [start = ""] = strings;
      // The client of the first import leaves when its products are there, and the second one comes
      // while they are removed.
      if (start.includes("delete from products")) {
        second = importProducts.run(args, { deps: { db } });
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      const rows = await db(strings, ...values);
      if (start.includes("insert into products")) leaving.abort();
      return rows;
    };
    const spied = Object.assign(query, db) as Database;
    const options = { deps: { db: spied }, signal: leaving.signal };
    const first = await importProducts.run(args, options);
    const later = await second;
    assertEquals([first.success, later?.success && later.data], [
      false,
      { imported: ["cup"], rejected: [] },
    ]);
  });
});
