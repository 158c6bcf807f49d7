// The checkout of examples/checkout as a Workflow.
import { WorkflowEntrypoint } from "cloudflare:workers";
import { cloudflare } from "@runsheet/cloudflare";
import { makeCheckout } from "../../../../../examples/checkout/checkout.ts";
import { GatewayError } from "../../../../../examples/checkout/gateway_client.ts";
import { orderEnd, servicesAt } from "../../../../../tests/support/checkout_services.ts";
import { commands, type Env } from "./support.ts";

export class Runs extends cloudflare(WorkflowEntrypoint<Env>, makeCheckout([]), {
  deps: ({ WORLD_URL }) => servicesAt(WORLD_URL),
  errors: [GatewayError],
  output: orderEnd,
}) {}

export default commands;
