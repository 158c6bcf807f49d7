// Imports products: invalid rows are set aside one by one, and one statement writes all others, or
// none of them.
import { type CheckedDepsPipeline, deps, map, pipeline, step } from "@runsheet/runsheet";
import { type } from "arktype";
import type { Database } from "./database.ts";
import { codeOf } from "./errors.ts";
import { limits } from "./limits.ts";

const Product = type({
  sku: "string > 0",
  price: "1 <= number.integer <= 1000000",
  stock: "0 <= number.integer <= 1000000",
});
type Product = typeof Product.infer;

/** Raw rows; each is validated on its own. */
export interface Import {
  products: unknown[];
}

interface Deps {
  db: Database;
}

/** The result of an import: the new products, and the invalid rows by number, from 0. */
export interface Imported {
  imported: string[];
  rejected: { row: number; code: string }[];
}

const checkProduct = step({
  name: "checkProduct",
  requires: type({ product: Product }),
  run: ({ product }) => product,
});

const checkProducts = map(
  "rows",
  ({ products }: Import) => products,
  checkProduct,
  {
    as: "product",
    onFailure: "collect",
  },
);

const saveProducts = step({
  name: "saveProducts",
  run: async (
    { db, rows }: Deps & { rows: (Product | { success: false; error: Error })[] },
    { key },
  ) => {
    const products = rows.filter((row) => "sku" in row);
    const saved = await db`
      insert into products (sku, price, stock, added_by)
      select sku, price, stock, ${key}
        from jsonb_to_recordset(${db.json(products)}) as row(sku text, price integer, stock integer)
      on conflict do nothing returning sku`;
    return {
      imported: saved.map(({ sku }): string => sku),
      rejected: rows.flatMap((row, n) => "sku" in row ? [] : [{ row: n, code: codeOf(row.error) }]),
    };
  },
  undoByKey: {
    run: async ({ db }, { effectKey }) => {
      // Products that have been ordered by now stay.
      await db`
        delete from products where added_by = ${effectKey}
           and not exists (select from orders where orders.sku = products.sku)`;
    },
    retry: { count: 3, delay: 100 },
    timeout: limits.undo,
  },
});

export const importProducts: CheckedDepsPipeline<
  "importProducts",
  Import,
  Imported,
  Imported,
  Deps
> = pipeline({
  name: "importProducts",
  argsSchema: type({ products: "unknown[] <= 10000" }),
  deps: deps<Deps>(),
  steps: [checkProducts, saveProducts],
  output: type({
    "+": "delete",
    imported: "string[]",
    rejected: type({ row: "number", code: "string" }).array(),
  }),
  timeout: limits.request,
});
