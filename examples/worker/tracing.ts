// Traces of the Worker: spans of OpenTelemetry, sent to a collector.
import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, type ReadableSpan } from "@opentelemetry/sdk-trace-base";

// Carries the current span across promises; the flag nodejs_als provides what it needs.
const storage = new AsyncLocalStorage<Context>();
context.setGlobalContextManager({
  active: () => storage.getStore() ?? ROOT_CONTEXT,
  with: (inside, call, self, ...args) => storage.run(inside, () => call.apply(self, args)),
  bind: (_inside, target) => target,
  enable() {
    return this;
  },
  disable() {
    return this;
  },
});

// Kept until a request sends them. The SDK's BatchSpanProcessor would set a timer, which belongs to
// one request and ends with it.
const ended: ReadableSpan[] = [];
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ "service.name": "shop" }),
  spanProcessors: [{
    onStart: () => {},
    onEnd: (span) => void ended.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }],
});
trace.setGlobalTracerProvider(provider);

/** Sends all spans that have ended by now, as OTLP over HTTP. */
export async function sendSpans(url: string): Promise<void> {
  const spans = ended.splice(0);
  if (spans.length === 0) return;
  const { ok, status } = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans)),
  });
  if (!ok) console.error(`${spans.length} spans were lost: the collector answered with ${status}`);
}
