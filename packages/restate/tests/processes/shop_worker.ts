// A worker that places the orders of examples/service for Restate.
import process from "node:process";
import { serveWorkflows } from "./serve_workflows.ts";
import { restate } from "@runsheet/restate";
import { openDatabase } from "../../../../examples/service/database.ts";
import { ShopError } from "../../../../examples/service/errors.ts";
import { Payments } from "../../../../examples/service/payments.ts";
import { placeOrder } from "../../../../examples/service/place_order.ts";

const [, , port = "", name = "", databaseUrl = "", paymentsUrl = ""] = process.argv;

const services = { db: await openDatabase(databaseUrl), payments: new Payments(paymentsUrl) };
const workflow = restate(placeOrder(services), {
  errors: [ShopError],
  workflow: { retryPolicy: { initialInterval: 50, maxInterval: 200, maxAttempts: 1_000_000 } },
});
// Several tests use one server.
await serveWorkflows([{ ...workflow, name }], Number(port));
