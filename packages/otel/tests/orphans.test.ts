import { after, before, describe, it } from "node:test";
import { trace } from "@opentelemetry/api";
import { assertEquals } from "@std/assert";
import { otel } from "@runsheet/otel";
import { observeAll } from "@runsheet/runsheet/observe";
import { predict } from "../../../tests/support/model.ts";
import { Play } from "../../../tests/support/play.ts";
import { property } from "../../../tests/support/property.ts";
import { type Plan, scenarios } from "../../../tests/support/random_pipeline.ts";
import { Tracing, withContextManager } from "./support/tracing.ts";

describe("a random pipeline", () => {
  withContextManager();
  before(() => observeAll(otel()));
  after(() => observeAll());

  it("runs as it does without tracing, and each run is one whole trace: every span ends, and has its parent there", () =>
    property(scenarios(2), async ({ root, plans }) => {
      const tracing = new Tracing();
      trace.setGlobalTracerProvider(tracing.provider);
      try {
        const play = new Play(root);
        const runs = plans.map((plan: Plan, n) => ({ plan, runId: `r${n}` }));
        const stories = await Promise.all(runs.map(({ plan, runId }) => play.run(plan, runId)));
        assertEquals(stories, runs.map(({ plan, runId }) => predict(root, plan, runId)));
        assertEquals(tracing.orphans, []);
        const traces = tracing.spans.map((span) =>
          `${span.spanContext().traceId} ${span.attributes["runsheet.run.id"]}`
        );
        assertEquals(new Set(traces).size, runs.length);
        assertEquals(tracing.spans.filter((span) => !span.parentSpanContext).length, runs.length);
      } finally {
        trace.disable();
      }
    }));
});
