import type { Ledger } from "@runsheet/runsheet/testing";
import type { Database } from "../../examples/service/database.ts";

interface Product {
  sku: string;
  price: number;
  stock: number;
  addedBy?: string;
}

interface Order {
  id: string;
  sku: string;
  quantity: number;
  total: number;
  status: "reserved" | "confirmed";
}

/** The tables of examples/service. */
export interface Tables {
  readonly products: Map<string, Product>;
  readonly orders: Map<string, Order>;
  /** The sessions that are reserved, and the lock that one of them may have. */
  readonly held: Set<string>;
}

/**
 * The rows that a statement returns; if it returns none, `count` is that of the rows it changed.
 */
type Statement = (tables: Tables, values: never) => object[] | number;

/** The SQL of examples/service, and its effect. */
const statements: Record<string, Statement> = {
  "insert into orders (id, sku, quantity, total) select ?, sku, ?, price * ? from products where sku = ? on conflict do nothing returning total":
    (
      { products, orders },
      [id, quantity, , sku]: [string, number, number, string],
    ) => {
      const product = products.get(sku);
      if (!product || orders.has(id)) return [];
      const total = product.price * quantity;
      orders.set(id, { id, sku, quantity, total, status: "reserved" });
      return [{ total }];
    },
  "select total from orders where id = ?": ({ orders }, [id]: [string]) => {
    const order = orders.get(id);
    return order ? [order] : [];
  },
  "update products set stock = stock - ? where sku = ? and stock >= ?": (
    { products },
    [quantity, sku]: [number, string],
  ) => {
    const product = products.get(sku);
    if (!product || product.stock < quantity) return 0;
    product.stock -= quantity;
    return 1;
  },
  "with gone as ( delete from orders where id = ? and status not in ('cancelling', 'cancelled') returning sku, quantity ) update products set stock = stock + gone.quantity from gone where products.sku = gone.sku":
    ({ products, orders }, [id]: [string]) => {
      const order = orders.get(id);
      if (!order) return 0;
      orders.delete(id);
      products.get(order.sku)!.stock += order.quantity;
      return 1;
    },
  "update orders set status = 'confirmed', charge_key = ? where id = ? and status in ('reserved', 'unapproved', 'confirmed')":
    ({ orders }, [, id]: [string, string]) => {
      const order = orders.get(id);
      if (!order) return 0;
      order.status = "confirmed";
      return 1;
    },
  "update orders set status = 'reserved', charge_key = null where id = ?": (
    { orders },
    [id]: [string],
  ) => {
    const order = orders.get(id);
    if (order) order.status = "reserved";
    return order ? 1 : 0;
  },
  "insert into products (sku, price, stock, added_by) select sku, price, stock, ? from jsonb_to_recordset(?) as row(sku text, price integer, stock integer) on conflict do nothing returning sku":
    ({ products }, [addedBy, rows]: [string, Product[]]) => {
      const added = rows.filter(({ sku }) => !products.has(sku));
      for (const row of added) products.set(row.sku, { ...row, addedBy });
      return added;
    },
  "delete from products where added_by = ? and not exists (select from orders where orders.sku = products.sku)":
    ({ products, orders }, [key]: [string]) => {
      const ordered = new Set([...orders.values()].map(({ sku }) => sku));
      const gone = [...products.values()].filter(({ sku, addedBy }) =>
        addedBy === key && !ordered.has(sku)
      );
      for (const { sku } of gone) products.delete(sku);
      return gone.length;
    },
  "select pg_try_advisory_lock(1) as locked": ({ held }) => {
    const locked = !held.has("lock");
    held.add("lock");
    return [{ locked }];
  },
  "select pg_advisory_unlock(1)": ({ held }) => [{ unlocked: held.delete("lock") }],
};

type Sql = (strings: TemplateStringsArray, ...values: never[]) => Promise<object[]>;

/** Statements that do something else, by their beginning. */
export type Broken = Record<string, Statement>;

/** A database behind a ledger: each statement, or each transaction, is one effect. */
export function shopDb(
  tables: Tables,
  books: Ledger,
  broken: Broken,
): Database {
  const query = (on: Tables, strings: TemplateStringsArray, values: never[]) => {
    const text = strings.join("?").replaceAll(/\s+/g, " ").trim();
    const [, other] = Object.entries(broken).find(([start]) => text.startsWith(start)) ?? [];
    const statement = other ?? statements[text];
    if (!statement) throw new Error(`Cannot play '${text}'`);
    const done = statement(on, values as never);
    return typeof done === "number"
      ? Object.assign([], { count: done })
      : Object.assign([...done], { count: done.length });
  };
  const sql: Sql = (strings, ...values) => books.call(() => query(tables, strings, values));
  const begin = async <T>(work: (tx: Sql) => Promise<T>): Promise<T> => {
    const draft = structuredClone(tables);
    const result = await work((strings, ...values) => {
      return new Promise((resolve) => resolve(query(draft, strings, values)));
    });
    await books.call(() => {
      for (const name of ["products", "orders"] as const) {
        tables[name].clear();
        for (const [key, row] of draft[name]) tables[name].set(key, row as never);
      }
    });
    return result;
  };
  const reserve = () => {
    tables.held.add("session");
    const release = () => tables.held.delete("session");
    return Promise.resolve(Object.assign(sql.bind(undefined), { release }));
  };
  const others = { begin, reserve, json: (value: unknown) => value };
  return Object.assign(sql, others) as unknown as Database;
}
