// A process that places the orders of examples/service on DBOS, and prints how each has ended.
import process from "node:process";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { dbos } from "@runsheet/dbos";
import { openDatabase } from "../../../../examples/service/database.ts";
import { codeOf, ShopError } from "../../../../examples/service/errors.ts";
import { Payments } from "../../../../examples/service/payments.ts";
import { placeOrder } from "../../../../examples/service/place_order.ts";
import type { Placed } from "../support/shop.ts";

const [, , name = "", systemDatabaseUrl = "", databaseUrl = "", paymentsUrl = "", json = ""] =
  process.argv;
const placed: Placed[] = JSON.parse(json);

const db = await openDatabase(databaseUrl);
const services = { db, payments: new Payments(paymentsUrl) };
const orders = dbos(placeOrder(services), { errors: [ShopError] });
DBOS.setConfig({
  name,
  applicationVersion: `1 of ${name}`,
  systemDatabaseUrl,
  runMigrations: false,
  logLevel: "error",
});
await DBOS.launch();
console.log(JSON.stringify(await Promise.all(placed.map(endOf))));
process.exit();

async function endOf({ order, approved }: Placed): Promise<string> {
  const runId = order.orderId;
  const running = orders.run(order, { runId });
  if (approved !== undefined) await decide(runId, approved);
  const result = await running;
  return result.success ? "confirmed" : codeOf(result.error);
}

async function decide(runId: string, approved: boolean): Promise<void> {
  for (;;) {
    try {
      return await orders.send(runId, "decision", { approved, by: "ann" });
    } catch {
      // It has not begun yet.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
