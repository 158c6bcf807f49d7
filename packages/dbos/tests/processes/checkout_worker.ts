// A process that checks out an order of examples/checkout on DBOS, and prints how it has ended.
import process from "node:process";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { dbos } from "@runsheet/dbos";
import { makeCheckout } from "../../../../examples/checkout/checkout.ts";
import { GatewayError } from "../../../../examples/checkout/gateway_client.ts";
import { orderEnd, servicesAt } from "../../../../tests/support/checkout_services.ts";

const [, , systemDatabaseUrl = "", worldUrl = "", runId = "", json = ""] = process.argv;

const checkout = dbos(makeCheckout([]), { deps: servicesAt(worldUrl), errors: [GatewayError] });
DBOS.setConfig({
  // Nobody else takes over its run.
  name: runId,
  applicationVersion: `1 of ${runId}`,
  systemDatabaseUrl,
  runMigrations: false,
  logLevel: "error",
});
await DBOS.launch();
console.log(JSON.stringify(orderEnd(await checkout.run(JSON.parse(json), { runId }))));
process.exit();
