// The shop's own books in SQLite: stock, reservations, payments and shipments. Whatever is asked
// twice is done once.
import { DatabaseSync, type StatementSync } from "node:sqlite";

/** A product of examples/data/products.csv. */
export interface ProductRow {
  sku: string;
  name: string;
  stock: string;
}

export class UnknownProduct extends Error {
  override name = "UnknownProduct";
}

export class OutOfStock extends Error {
  override name = "OutOfStock";
}

// Whatever the code does, the database refuses to sell goods that are not in stock.
const tables = `
  pragma foreign_keys = on;
  create table products (
    sku text primary key,
    name text not null,
    stock integer not null check (stock >= 0)
  ) strict;
  create table reservations (
    order_id text primary key,
    sku text not null references products,
    quantity integer not null check (quantity > 0)
  ) strict;
  create table payments (
    key text primary key,
    order_id text not null unique,
    amount integer not null check (amount > 0)
  ) strict;
  create table shipments (
    tracking_id integer primary key,
    order_id text not null unique,
    sku text not null references products,
    quantity integer not null check (quantity > 0)
  ) strict;
`;

/** The requests of a checkout to the books, which may be in another process. */
export interface ShopBooks {
  reserve(orderId: string, sku: string, quantity: number): Promise<void> | void;
  release(orderId: string): Promise<void> | void;
  /** Books a payment under the key of its charge. */
  addPayment(key: string, orderId: string, amount: number): Promise<void> | void;
  removePayment(key: string): Promise<void> | void;
  ship(orderId: string): Promise<void> | void;
  /** Cancels a shipment: its goods are reserved again. */
  unship(orderId: string): Promise<void> | void;
}

export class Database implements ShopBooks {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(products: readonly ProductRow[], path = ":memory:") {
    this.#db = new DatabaseSync(path);
    this.#db.exec(tables);
    for (const { sku, name, stock } of products) {
      this.#run("insert into products values (?, ?, ?)", sku, name, Number(stock));
    }
  }

  reserve(orderId: string, sku: string, quantity: number): void {
    this.#atomically(() => {
      const known = this.#prepared("select 1 from reservations where order_id = ?").get(orderId);
      if (known) return;
      const taken = this.#run(
        "update products set stock = stock - ? where sku = ? and stock >= ?",
        quantity,
        sku,
        quantity,
      );
      if (taken === 0) {
        throw this.stock().has(sku)
          ? new OutOfStock("not enough in stock")
          : new UnknownProduct("no such product");
      }
      this.#run("insert into reservations values (?, ?, ?)", orderId, sku, quantity);
    });
  }

  release(orderId: string): void {
    this.#atomically(() => {
      this.#run(
        `update products set stock = stock + quantity
           from reservations where reservations.sku = products.sku and order_id = ?`,
        orderId,
      );
      this.#run("delete from reservations where order_id = ?", orderId);
    });
  }

  ship(orderId: string): void {
    this.#atomically(() => {
      this.#run(
        `insert into shipments (order_id, sku, quantity)
           select order_id, sku, quantity from reservations where order_id = ?`,
        orderId,
      );
      this.#run("delete from reservations where order_id = ?", orderId);
    });
  }

  unship(orderId: string): void {
    this.#atomically(() => {
      this.#run(
        `insert into reservations
           select order_id, sku, quantity from shipments where order_id = ?`,
        orderId,
      );
      this.#run("delete from shipments where order_id = ?", orderId);
    });
  }

  addPayment(key: string, orderId: string, amount: number): void {
    this.#run("insert into payments values (?, ?, ?) on conflict do nothing", key, orderId, amount);
  }

  removePayment(key: string): void {
    this.#run("delete from payments where key = ?", key);
  }

  /** The remaining stock of every product. */
  stock(): Map<string, number> {
    return this.#totals("select sku, stock from products");
  }

  /** The shipped pieces of every product. */
  shipped(): Map<string, number> {
    return this.#totals("select sku, sum(quantity) from shipments group by sku");
  }

  /** The reserved pieces of every order that is not shipped. */
  reserved(): Map<string, number> {
    return this.#totals("select order_id, quantity from reservations");
  }

  /** The payments of every order, in cents. */
  payments(): Map<string, number> {
    return this.#totals("select order_id, amount from payments");
  }

  close(): void {
    this.#db.close();
  }

  #prepared(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** The number of changed rows. */
  #run(sql: string, ...values: (string | number)[]): number {
    return Number(this.#prepared(sql).run(...values).changes);
  }

  #totals(sql: string): Map<string, number> {
    return new Map(
      this.#prepared(sql).all().map((row) => {
        const [key, total] = Object.values(row);
        return [String(key), Number(total)];
      }),
    );
  }

  #atomically(work: () => void): void {
    this.#db.exec("begin");
    try {
      work();
      this.#db.exec("commit");
    } catch (error) {
      this.#db.exec("rollback");
      throw error;
    }
  }
}
