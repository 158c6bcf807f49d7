// A program as users of the npm packages write it on Node: compiled by tsc, and run on Node and
// Bun.
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { otel } from "@runsheet/otel";
import { pipeline, step } from "@runsheet/runsheet";
import { observeAll } from "@runsheet/runsheet/observe";

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
// Made before there is a provider, as modules may be loaded in any order.
observeAll(otel({ attributes: ({ kind }) => kind === "run" ? { "app.version": "1" } : {} }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);

const tracer = trace.getTracer("app");
const charge = step({
  name: "charge",
  run: (ctx: { amount: number }) =>
    tracer.startActiveSpan("POST /charges", async (span) => {
      await Promise.resolve();
      span.end();
      return { chargeId: `c${ctx.amount}` };
    }),
  rollback: (_ctx, output) =>
    tracer.startActiveSpan("POST /refunds", (span) => {
      span.setAttribute("charge", output.chargeId);
      span.end();
    }),
});
const ship = step({ name: "ship", run: () => Promise.reject(new Error("no parcel")) });

await pipeline({ name: "checkout", steps: [charge, ship] }).run({ amount: 5 });

const spans = exporter.getFinishedSpans();
const nameById = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
const edges = spans.map(({ name, parentSpanContext }) =>
  `${nameById.get(parentSpanContext?.spanId ?? "")} > ${name}`
);
const expected = [
  "charge > POST /charges",
  "run checkout > charge",
  "run checkout > ship",
  "undo charge > POST /refunds",
  "rollback checkout > undo charge",
  "run checkout > rollback checkout",
  "undefined > run checkout",
];
if (edges.join("\n") !== expected.join("\n")) {
  throw new Error(
    `Cannot accept other spans than these:\n${expected.join("\n")}\nThere are:\n${
      edges.join("\n")
    }`,
  );
}
