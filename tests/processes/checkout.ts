// A process that checks out an order of examples/checkout, recorded in a file of SQLite, and prints how
// it has ended.
import process from "node:process";
import { durable } from "@runsheet/runsheet/durable";
import { makeCheckout } from "../../examples/checkout/checkout.ts";
import { GatewayError } from "../../examples/checkout/gateway_client.ts";
import { orderEnd, servicesAt } from "../support/checkout_services.ts";
import { openSagaStore } from "../support/saga_store.ts";

const [, , path = "", worldUrl = "", runId = "", json = ""] = process.argv;

const store = openSagaStore(path);
await store.endLeases(); // the process that had the run is dead
const deps = servicesAt(worldUrl);
const checkout = durable(makeCheckout([]), { store, deps, errors: [GatewayError] });
console.log(JSON.stringify(orderEnd(await checkout.run(JSON.parse(json), { runId }))));
process.exit();
