import { trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { otel } from "@runsheet/otel";
import { pipeline, step } from "@runsheet/runsheet";

const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
);

async function mark(name: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  trace.getTracer("app").startSpan(name).end();
}

const charge = step({
  name: "charge",
  run: () => mark("POST charge"),
  rollback: () => mark("POST refund"),
});
const ship = step({ name: "ship", timeout: 5, run: () => new Promise<void>(() => {}) });
const checkout = pipeline({ name: "checkout", steps: [charge, ship] });

/** Makes an order that fails, and compares its spans, as they end, with what is expected. */
export async function orderGives(expected: string[]): Promise<void> {
  await checkout.run({}, { observer: otel() });
  const spans = exporter.getFinishedSpans();
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  const edges = spans.map(({ name, parentSpanContext }) =>
    `${names.get(parentSpanContext?.spanId ?? "") ?? "-"} > ${name}`
  );
  if (JSON.stringify(edges) !== JSON.stringify(expected)) {
    throw new Error(`Expected ${JSON.stringify(expected)}, got ${JSON.stringify(edges)}`);
  }
}
