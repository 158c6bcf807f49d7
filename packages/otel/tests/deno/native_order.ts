// An order that fails, on Deno's own OpenTelemetry: run by native.test.ts with OTEL_DENO=true.
import { trace } from "@opentelemetry/api";
import { otel } from "@runsheet/otel";
import { map, pipeline, step } from "@runsheet/runsheet";
import { observeAll } from "@runsheet/runsheet/observe";

// Nothing is registered here: Deno has a provider and a context manager of its own.
observeAll(otel());

async function mark(name: string): Promise<void> {
  await Promise.resolve();
  trace.getTracer("app").startSpan(name).end();
}

const quote = step({
  name: "quote",
  retry: { count: 1, delay: 1 },
  run: async (_ctx, { attempt }) => {
    await mark("GET quote");
    if (attempt === 1) throw new TypeError("carrier is busy");
  },
});
const charge = step({
  name: "charge",
  run: () => mark("POST charge"),
  rollback: () => mark("POST refund"),
});
const mails = map("mails", () => ["ada", "bob"], async (to) => {
  await mark("POST mail");
  return to;
});
const ship = step({ name: "ship", run: () => Promise.reject(new Error("no parcel")) });

const order = pipeline({ name: "order", steps: [quote, charge, mails, ship] });
await trace.getTracer("app").startActiveSpan("POST /orders", async (span) => {
  const { success } = await order.run({}, { runId: "order-1" });
  console.log(success);
  span.end();
});
