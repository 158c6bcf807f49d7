// A worker that checks out the orders of examples/checkout for Restate.
import process from "node:process";
import { serveWorkflows } from "./serve_workflows.ts";
import { restate } from "@runsheet/restate";
import { makeCheckout } from "../../../../examples/checkout/checkout.ts";
import { GatewayError } from "../../../../examples/checkout/gateway_client.ts";
import { servicesAt } from "../../../../tests/support/checkout_services.ts";

const [, , port = "", name = "", worldUrl = ""] = process.argv;

const workflow = restate(makeCheckout([]), {
  deps: servicesAt(worldUrl),
  errors: [GatewayError],
  workflow: { retryPolicy: { initialInterval: 50, maxInterval: 200, maxAttempts: 1_000_000 } },
});
// Several tests use one server.
await serveWorkflows([{ ...workflow, name }], Number(port));
