// A failed order of the demo, as a viewer of traces shows it: the steps, the retries and their
// reasons, the late attempts, and the undos in their order.
import { readFileSync } from "node:fs";
import { assertEquals } from "@std/assert";
import { otel } from "@runsheet/otel";
import { observeAll } from "@runsheet/runsheet/observe";
import { runDemo } from "../../../../examples/checkout/demo.ts";
import { Tracing } from "../support/tracing.ts";

Deno.test("the trace of the demo's worst order shows what happened", async () => {
  const tracing = new Tracing();
  observeAll(otel({ tracerProvider: tracing.provider }));
  const read = (name: string) =>
    readFileSync(new URL(`../../../../examples/data/${name}`, import.meta.url), "utf8");
  try {
    const { worst } = await runDemo(read("orders.csv"), read("products.csv"));
    assertEquals(tracing.orphans, []);
    assertEquals(tracing.treeOf(worst!.span.runId), [
      "run checkout ! MailBounced",
      "  validateOrder",
      "  reserveStock",
      "  chargePayment",
      "    attempt chargePayment ! TIMEOUT",
      "    late chargePayment ! TIMEOUT (rejected)",
      "    rollback chargePayment",
      "      undo chargePayment (by key) -> chargePayment",
      "    attempt chargePayment",
      "  fulfil ! MailBounced",
      "    createShipment",
      "    sendConfirmation ! MailBounced",
      "  rollback checkout",
      "    undo createShipment -> createShipment",
      "    undo chargePayment ! GatewayError -> chargePayment",
      "    undo chargePayment -> chargePayment",
      "    undo chargePayment (deferred) -> chargePayment",
      "    undo reserveStock -> reserveStock",
    ]);
  } finally {
    observeAll();
  }
});
