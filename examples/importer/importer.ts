// The import of a file of orders: read it, drop what is cancelled, take the orders apart into lines, write these, and
// sum up the regions. Rows that are wrong are set aside; whatever else goes wrong, nothing of the import remains.
import {
  distribute,
  filter,
  flatMap,
  type ItemFailure,
  map,
  type Pipeline,
  pipeline,
  step,
} from "@runsheet/runsheet";
import { parse } from "csv-parse/sync";
import { setTimeout } from "node:timers/promises";
import type { Database, Line } from "./database.ts";
import type { Progress } from "./progress.ts";

/** An order as examples/data/import.csv has it; `items` are `product:quantity:price`, joined by `;`. */
export interface OrderRow {
  orderId: string;
  region: string;
  currency: string;
  status: string;
  items: string;
}

/** What the import works on, and with. */
export interface ImportArgs {
  csv: string;
  regions: readonly string[];
  currencies: readonly string[];
  db: Database;
  progress: Progress;
  /** How long the writing of a line takes at least, in milliseconds. */
  delay: number;
}

/** What an import came to. */
export interface Imported {
  rows: OrderRow[];
  orders: OrderRow[];
  lines: (Line | ItemFailure<OrderRow>)[];
  totals: { region: string; currency: string; amount: number }[];
}

const readRows = step({
  name: "readRows",
  run: ({ csv }: { csv: string }) => ({ rows: parse<OrderRow>(csv, { columns: true }) }),
});

const writeLine = step({
  name: "writeLine",
  run: async (
    { db, line, progress, delay }: Pick<ImportArgs, "db" | "progress" | "delay"> & { line: Line },
    { signal },
  ) => {
    await setTimeout(delay, undefined, { signal });
    const id = db.addLine(line);
    progress.advance();
    return { id };
  },
  rollback: ({ db }, { id }) => db.removeLine(id),
});

const writeTotal = step({
  name: "writeTotal",
  run: ({ db, region, currency }: { db: Database; region: string; currency: string }) => {
    return { region, currency, amount: db.addTotal(region, currency) };
  },
  rollback: ({ db, region, currency }) => db.removeTotal(region, currency),
});

/** The whole import, on one screen. */
export const importOrders: Pipeline<"import", ImportArgs, Imported & ImportArgs> = pipeline({
  name: "import",
  steps: [
    readRows,
    filter(
      "orders",
      (ctx: { rows: OrderRow[] }) => ctx.rows,
      ({ status }) => status !== "cancelled",
    ),
    flatMap("lines", (ctx: { orders: OrderRow[] }) => ctx.orders, linesOf, {
      onFailure: "collect",
    }),
    map(
      "written",
      (ctx: { lines: (Line | ItemFailure<OrderRow>)[]; progress: Progress }) => {
        const lines = ctx.lines.filter((line) => "product" in line);
        ctx.progress.start(lines.length);
        return lines;
      },
      writeLine,
      { as: "line", concurrency: 8 },
    ),
    distribute("totals", { regions: "region", currencies: "currency" }, writeTotal),
  ],
});

const products = ["tea", "cup", "pot", "tin", "scale", "filter"];

/** The lines of an order; throws what is wrong with it. */
function linesOf({ orderId, region, currency, items }: OrderRow): Line[] {
  return items.split(";").map((item) => {
    const [, product, quantity, price] = /^([a-z]+):(-?\d+):(\d+)$/.exec(item) ?? [];
    if (product === undefined) throw new Error("malformed item");
    if (!products.includes(product)) throw new Error("unknown product");
    if (Number(quantity) <= 0) throw new Error("quantity is not positive");
    const amount = Number(quantity) * Number(price);
    return { orderId, region, currency, product, quantity: Number(quantity), amount };
  });
}
