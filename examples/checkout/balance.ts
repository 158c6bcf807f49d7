// The proof that nothing was lost: compares three sources, the shop's database, the gateway's books
// and the receipts.
import type { LateReport, Result } from "@runsheet/runsheet";
import type { Receipt } from "./checkout.ts";
import type { Database, ProductRow } from "./database.ts";
import type { GatewayBooks } from "./gateway_books.ts";

/** Amounts by key: pieces by product, cents by order. */
type Amounts = ReadonlyMap<string, number>;

const nothing: Amounts = new Map();

/** An invariant, and its violations. */
export interface Claim {
  text: string;
  differences: string[];
}

export function proveBalance(
  products: readonly ProductRow[],
  results: readonly Result<Receipt>[],
  late: readonly LateReport[],
  db: Database,
  books: GatewayBooks,
): Claim[] {
  const receipts = results.flatMap((result) => result.success ? [result.data] : []);
  const failedUndos = results.flatMap((result) => result.success ? [] : result.rollback.failed);
  const leftUndone = late.filter(({ outcome }) => outcome === "failed" || outcome === "no-handler");
  const initialStock = sumOf(products, ({ sku, stock }) => [sku, Number(stock)]);
  const soldPieces = sumOf(receipts, ({ sku, quantity }) => [sku, quantity]);
  const orderTotals = sumOf(receipts, ({ orderId, total }) => [orderId, total]);
  return [
    compare(
      "stock: initial stock = remaining stock + shipped goods",
      initialStock,
      sumOf([...db.stock(), ...db.shipped()], (amount) => amount),
    ),
    compare("stock: shipped = sold in the orders done", db.shipped(), soldPieces),
    compare("stock: nothing is left reserved", db.reserved(), nothing),
    compare(
      "money: kept by the gateway = payments in the database",
      books.balance(),
      db.payments(),
    ),
    compare(
      "money: payments in the database = totals of the completed orders",
      db.payments(),
      orderTotals,
    ),
    compare("compensations: none failed", sumOf(failedUndos, ({ step }) => [step, 1]), nothing),
    compare(
      "late: every late effect is undone",
      sumOf(leftUndone, ({ step }) => [step, 1]),
      nothing,
    ),
  ];
}

/** Adds amounts by key. */
function sumOf<T>(items: Iterable<T>, amountOf: (item: T) => [string, number]): Amounts {
  const sums = new Map<string, number>();
  for (const item of items) {
    const [key, amount] = amountOf(item);
    sums.set(key, (sums.get(key) ?? 0) + amount);
  }
  return sums;
}

function compare(text: string, left: Amounts, right: Amounts): Claim {
  const keys = new Set([...left.keys(), ...right.keys()]);
  const differences = [...keys]
    .filter((key) => left.get(key) !== right.get(key))
    .map((key) => `${key}: ${left.get(key) ?? 0} is not ${right.get(key) ?? 0}`);
  return { text, differences };
}
