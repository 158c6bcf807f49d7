import { codec } from "@runsheet/runsheet/durable";
import type { OrderEnd } from "../../../../tests/support/checkout_services.ts";
import type { CheckoutEngine } from "../../../../tests/support/killed_checkouts.ts";
import type { Server } from "./server.ts";
import { Worker } from "./worker.ts";

/** Checks out orders of examples/checkout in a worker of Restate. */
export async function checkoutEngine(server: Server, worldUrl: string): Promise<CheckoutEngine> {
  const name = `checkout-${crypto.randomUUID()}`;
  const worker = await Worker.begin("checkout_worker", [name, worldUrl]);
  await server.register(worker.uri);
  let replaced = Promise.resolve();
  return {
    checkOut: async (runId, order) =>
      codec().decode(await server.call(`${name}/${runId}/run`, order)) as OrderEnd,
    kill() {
      replaced = replaced.then(() => worker.kill()).then(() => worker.start());
    },
    async stop() {
      await replaced;
      await worker.kill();
    },
  };
}
