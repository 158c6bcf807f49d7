// The import of a file of orders: read it, drop cancelled orders, split the orders into lines,
// write these, and sum up the regions. Invalid rows are set aside; whatever else goes wrong,
// nothing of the import remains.
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
import type { Database, Line } from "./database.ts";

/** An order of examples/data/import.csv; `items` are `product:quantity:price`, joined by `;`. */
export interface OrderRow {
  orderId: string;
  region: string;
  currency: string;
  status: string;
  items: string;
  /** Set if the row has too few fields or too many. */
  malformed?: true;
}

/** The args of the import. */
export interface ImportArgs {
  csv: string;
  regions: readonly string[];
  currencies: readonly string[];
  db: Database;
  /** Awaited before a line is written or removed, to slow the import down. */
  pace: (signal: AbortSignal) => Promise<void>;
}

/** The result of an import. */
export interface Imported {
  rows: OrderRow[];
  orders: OrderRow[];
  lines: (Line | ItemFailure<OrderRow>)[];
  totals: { region: string; currency: string; amount: number }[];
}

const readRows = step({
  name: "readRows",
  run: ({ csv }: { csv: string }) => ({
    rows: parse<OrderRow>(csv, {
      columns: true,
      // Otherwise, one such row would end the whole import.
      relax_column_count: true,
      on_record: (row, { error }) => error ? { ...row, malformed: true } : row,
    }),
  }),
});

const writeLine = step({
  name: "writeLine",
  run: async (
    { db, line, pace }: Pick<ImportArgs, "db" | "pace"> & { line: Line },
    { signal },
  ) => {
    await pace(signal);
    // Last, because a failure after it would leave the line behind: a failed step is not rolled
    // back.
    return { id: db.addLine(line) };
  },
  rollback: {
    run: async ({ db, pace }, { id }, { signal }) => {
      await pace(signal);
      db.removeLine(id);
    },
    timeout: 60_000,
  },
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
    flatMap(
      "lines",
      (ctx: Pick<ImportArgs, "regions" | "currencies"> & { orders: OrderRow[] }) => ctx.orders,
      linesOf,
      { onFailure: "collect" },
    ),
    map(
      "written",
      (ctx: { lines: (Line | ItemFailure<OrderRow>)[] }) =>
        ctx.lines.filter((line) => "product" in line),
      writeLine,
      { as: "line", concurrency: 8 },
    ),
    distribute("totals", { regions: "region", currencies: "currency" }, writeTotal),
  ],
});

const products = ["tea", "cup", "pot", "tin", "scale", "filter"];

/** The lines of an order; throws if it is invalid. */
function linesOf(
  { orderId, region, currency, items, malformed }: OrderRow,
  { regions, currencies }: Pick<ImportArgs, "regions" | "currencies">,
): Line[] {
  if (malformed) throw new Error("malformed row");
  if (!regions.includes(region)) throw new Error("unknown region");
  if (!currencies.includes(currency)) throw new Error("unknown currency");
  return items.split(";").map((item) => {
    const [, product, quantity, price] = /^([a-z]+):(-?\d+):(\d+)$/.exec(item) ?? [];
    if (product === undefined) throw new Error("malformed item");
    if (!products.includes(product)) throw new Error("unknown product");
    if (Number(quantity) <= 0) throw new Error("quantity is not positive");
    const amount = Number(quantity) * Number(price);
    return { orderId, region, currency, product, quantity: Number(quantity), amount };
  });
}
