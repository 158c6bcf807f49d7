import { DatabaseSync } from "node:sqlite";

/** One product of an order; amounts are in cents. */
export interface Line {
  orderId: string;
  region: string;
  currency: string;
  product: string;
  quantity: number;
  amount: number;
}

/** The target of the import. */
export class Database {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(`
      -- Else every line would wait for the disk.
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS lines (
        id INTEGER PRIMARY KEY, orderId TEXT NOT NULL, region TEXT NOT NULL, currency TEXT NOT NULL,
        product TEXT NOT NULL, quantity INTEGER NOT NULL CHECK (quantity > 0), amount INTEGER NOT NULL
      );
      CREATE TABLE IF NOT EXISTS totals (
        region TEXT NOT NULL, currency TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (region, currency)
      );
    `);
  }

  addLine({ orderId, region, currency, product, quantity, amount }: Line): number {
    const insert = this.#db.prepare(
      "INSERT INTO lines (orderId, region, currency, product, quantity, amount) VALUES (?, ?, ?, ?, ?, ?)",
    );
    return Number(
      insert.run(orderId, region, currency, product, quantity, amount).lastInsertRowid,
    );
  }

  removeLine(id: number): void {
    this.#db.prepare("DELETE FROM lines WHERE id = ?").run(id);
  }

  /** Writes the turnover of a region in a currency, and returns it. */
  addTotal(region: string, currency: string): number {
    const { amount } = this.#db.prepare(
      "SELECT coalesce(sum(amount), 0) AS amount FROM lines WHERE region = ? AND currency = ?",
    ).get(region, currency) as { amount: number };
    this.#db.prepare("INSERT INTO totals VALUES (?, ?, ?)").run(region, currency, amount);
    return amount;
  }

  removeTotal(region: string, currency: string): void {
    this.#db.prepare("DELETE FROM totals WHERE region = ? AND currency = ?").run(region, currency);
  }

  /** The number of rows of each table. */
  counts(): { lines: number; totals: number } {
    return this.#db.prepare(
      "SELECT (SELECT count(*) FROM lines) AS lines, (SELECT count(*) FROM totals) AS totals",
    ).get() as { lines: number; totals: number };
  }

  /** The total of the lines in each region and currency. */
  amounts(): { region: string; currency: string; amount: number }[] {
    return this.#db.prepare(
      "SELECT region, currency, sum(amount) AS amount FROM lines GROUP BY region, currency",
    ).all() as { region: string; currency: string; amount: number }[];
  }

  close(): void {
    this.#db.close();
  }
}
