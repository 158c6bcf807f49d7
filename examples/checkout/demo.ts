// Runs a file of orders through the checkout, many at once, and proves that the books balance.
import type { LateReport, Result } from "@runsheet/runsheet";
import { type TimedSpan, timeline } from "@runsheet/runsheet/report";
import { parse } from "csv-parse/sync";
import { type Claim, proveBalance } from "./balance.ts";
import { makeCheckout, type OrderRow, type Receipt } from "./checkout.ts";
import { Database, type ProductRow } from "./database.ts";
import { startGateway } from "./gateway.ts";
import { GatewayBooks, type Unpaid } from "./gateway_books.ts";
import { GatewayClient } from "./gateway_client.ts";
import { Mailer } from "./mailer.ts";
import { ManualTimeout } from "./manual_timeout.ts";
import { type Timing, timing } from "./timing.ts";

/** An undo that does nothing, to show that the proof finds it. */
export type Broken = "refund" | "void" | "release";

export interface Demo {
  results: Result<Receipt>[];
  timings: Map<string, Timing>;
  /** The failed order with the most undos. */
  worst: TimedSpan | undefined;
  /** The outcomes of abandoned attempts. */
  late: LateReport[];
  charges: { captured: number; refunded: number; voided: number };
  mails: number;
  claims: Claim[];
}

/** Checks out the orders of one CSV file from the stock in another. */
export async function runDemo(
  ordersCsv: string,
  productsCsv: string,
  broken?: Broken,
): Promise<Demo> {
  const orders = readCsv<OrderRow>(ordersCsv);
  const products = readCsv<ProductRow>(productsCsv);
  const db = new Database(products);
  if (broken === "release") db.release = () => {};
  // The demo does not wait for real timeouts: when the gateway stalls, that order times out.
  const hosts = new Map(orders.map(({ orderId }) => [orderId, new ManualTimeout()]));
  const books = new GatewayBooks(unpaid(broken), (orderId) => hosts.get(orderId)?.strike());
  const { url, close } = await startGateway(books);
  try {
    const services = { db, gateway: new GatewayClient(url), mailer: new Mailer() };
    const timings = new Map<string, Timing>();
    const checkout = makeCheckout([timing(timings)]);
    const late: LateReport[] = [];
    const watches: Promise<unknown>[] = [];
    const observer = timeline({ keep: orders.length });
    const results = await mapAtMost(16, orders, (order) =>
      checkout.run(order, {
        deps: services,
        observer,
        runId: order.orderId || undefined,
        onLate: (report) => late.push(report),
        waitUntil: (watch) => watches.push(watch),
        host: hosts.get(order.orderId),
      }));
    // Compare the books once nothing can change them any more.
    await Promise.all(watches);
    return {
      results,
      timings,
      worst: worstOf(observer.runs),
      late,
      charges: {
        captured: books.count("captured"),
        refunded: books.count("refunded"),
        voided: books.count("voided"),
      },
      mails: services.mailer.sent.size,
      claims: proveBalance(products, results, late, db, books),
    };
  } finally {
    close();
    db.close();
  }
}

function unpaid(broken: Broken | undefined): Unpaid | undefined {
  if (broken === "refund") return "refunded";
  if (broken === "void") return "voided";
  return undefined;
}

function worstOf(runs: readonly TimedSpan[]): TimedSpan | undefined {
  const failed = runs.filter(({ end }) => end?.ok === false);
  return failed.sort((one, other) => undosIn(other) - undosIn(one))[0];
}

function undosIn({ span, parts }: TimedSpan): number {
  return parts.reduce((count, part) => count + undosIn(part), span.kind === "undo" ? 1 : 0);
}

/** The raw rows of a file, which may have too few or too many fields. */
function readCsv<Row>(text: string): Row[] {
  return parse<Row>(text, { columns: true, relax_column_count: true, skip_empty_lines: true });
}

/** Maps items with bounded concurrency. */
async function mapAtMost<T, R>(
  limit: number,
  items: readonly T[],
  mapper: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  // The workers share one iterator, so each item goes to one of them.
  const work = async () => {
    for (const [index, item] of queue) results[index] = await mapper(item);
  };
  await Promise.all(Array.from({ length: limit }, work));
  return results;
}
