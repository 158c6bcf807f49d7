// Imports products: invalid rows are set aside one by one, and one statement writes all others, or
// none of them.
import { type CheckedDepsPipeline, deps, map, pipeline, resource, step } from "@runsheet/runsheet";
import { type } from "arktype";
import type { Database } from "./database.ts";
import { codeOf, ShopError } from "./errors.ts";
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

// One import at a time, in all processes. The lock is held until a failed import has been taken out
// again: meanwhile another one would take these products for known, and leave them out. It is the
// session's, so it dies with its process.
const importLock = resource({
  name: "importLock",
  acquire: async ({ db }: Deps) => {
    const session = await db.reserve();
    let locked = false;
    try {
      const [row] = await session`select pg_try_advisory_lock(1) as locked`;
      locked = row?.locked;
    } finally {
      if (!locked) session.release();
    }
    if (!locked) throw new ShopError("IMPORTING");
    return session;
  },
  retry: {
    count: 20,
    delay: 100,
    retryIf: (errors) => {
      const last = errors.at(-1);
      return last instanceof ShopError && last.code === "IMPORTING";
    },
  },
  release: {
    run: async (session) => {
      try {
        await session`select pg_advisory_unlock(1)`;
      } finally {
        session.release();
      }
    },
    timeout: limits.undo,
  },
});

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
  steps: [checkProducts, importLock, saveProducts],
  output: type({
    "+": "delete",
    imported: "string[]",
    rejected: type({ row: "number", code: "string" }).array(),
  }),
  timeout: limits.request,
});
