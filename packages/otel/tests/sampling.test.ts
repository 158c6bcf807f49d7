import { describe, it } from "node:test";
import { trace } from "@opentelemetry/api";
import { AlwaysOffSampler, ParentBasedSampler } from "@opentelemetry/sdk-trace-base";
import { assertEquals } from "@std/assert";
import { otel } from "@runsheet/otel";
import { map, pipeline, step } from "@runsheet/runsheet";
import { failAsync } from "../../../tests/support/steps.ts";
import { Tracing, withContextManager } from "./support/tracing.ts";

/** Samples no trace, and remembers the spans for which it was asked. */
class CountingSampler extends ParentBasedSampler {
  readonly asked: string[] = [];

  constructor() {
    super({ root: new AlwaysOffSampler() });
  }

  override shouldSample(
    ...given: Parameters<ParentBasedSampler["shouldSample"]>
  ): ReturnType<ParentBasedSampler["shouldSample"]> {
    this.asked.push(given[2]);
    return super.shouldSample(...given);
  }
}

describe("a run that is not sampled", () => {
  withContextManager();

  it("has one span, and keeps the application's own spans unsampled", async () => {
    const sampler = new CountingSampler();
    const tracing = new Tracing(sampler);
    const charge = step({
      name: "charge",
      retry: { count: 1 },
      run: async () => {
        await Promise.resolve();
        tracing.mark("POST charge");
      },
      rollback: () => tracing.mark("POST refund"),
    });
    const lines = map("lines", () => [1, 2, 3], (line) => line);
    await pipeline({ name: "flow", steps: [charge, lines, failAsync] })
      .run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    assertEquals(sampler.asked, ["run flow", "POST charge", "POST refund"]);
    assertEquals(tracing.spans, []);
  });
});

describe("without an SDK", () => {
  it("a run behaves as without an observer", async () => {
    const charge = step({ name: "charge", run: () => ({ chargeId: "c1" }) });
    const result = await pipeline({ name: "flow", steps: [charge] })
      .run({}, { observer: otel({ tracerProvider: trace.getTracerProvider() }) });
    assertEquals(result.success && result.data, { chargeId: "c1" });
  });
});
