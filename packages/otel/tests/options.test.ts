import { describe, it } from "node:test";
import { trace } from "@opentelemetry/api";
import { assertEquals } from "@std/assert";
import { otel } from "@runsheet/otel";
import { pipeline, step, when } from "@runsheet/runsheet";
import { Tracing } from "./support/tracing.ts";

const quote = step({ name: "quote", run: () => {} });
const charge = step({
  name: "charge",
  retry: { count: 1, delay: 1 },
  run: (_ctx, { attempt }) => {
    if (attempt === 1) throw new Error("busy");
  },
});
const flow = pipeline({ name: "flow", steps: [when(() => true, quote), charge] });

describe("the options of otel", () => {
  it("'spans' decides which parts have a span, and receives the default", async () => {
    const all = new Tracing();
    await flow.run({}, { observer: otel({ tracerProvider: all.provider, spans: () => true }) });
    assertEquals(all.tree(), [
      "run flow",
      "  when(quote)",
      "    predicate when(quote)",
      "    quote",
      "      attempt quote",
      "  charge",
      "    attempt charge ! Error",
      "    wait charge",
      "    attempt charge",
    ]);
    const some = new Tracing();
    const spans = ({ name }: { name: string }, usual: boolean) => usual && name !== "charge";
    await flow.run({}, { observer: otel({ tracerProvider: some.provider, spans }) });
    assertEquals(some.tree(), ["run flow", "  when(quote)", "    quote"]);
    const none = new Tracing();
    await flow.run({}, { observer: otel({ tracerProvider: none.provider, spans: () => false }) });
    assertEquals(none.tree(), []);
  });

  it("'attributes' adds some", async () => {
    const tracing = new Tracing();
    const observer = otel({
      tracerProvider: tracing.provider,
      attributes: ({ kind }) => kind === "run" ? { ring: "canary", regions: ["eu", "us"] } : {},
    });
    await quote.run({}, { observer });
    assertEquals(tracing.spans.map(({ attributes: { ring, regions } }) => [ring, regions]), [
      ["canary", ["eu", "us"]],
    ]);
  });

  it("without 'tracerProvider' the global one is used, which may be registered after the watcher is made", async () => {
    const observer = otel();
    await quote.run({}, { observer });
    const tracing = new Tracing();
    trace.setGlobalTracerProvider(tracing.provider);
    try {
      await quote.run({}, { observer });
      assertEquals(tracing.tree(), ["run quote"]);
    } finally {
      trace.disable();
    }
  });
});
