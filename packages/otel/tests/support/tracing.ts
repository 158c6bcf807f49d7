import { after, before } from "node:test";
import {
  context,
  type Span as OtelSpan,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  type ReadableSpan,
  type Sampler,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";

/** An SDK that remembers the spans in the order in which they begin. */
export class Tracing implements SpanProcessor {
  readonly provider: BasicTracerProvider;
  /** The tracer of the application's own code. */
  readonly tracer: Tracer;
  readonly spans: ReadableSpan[] = [];

  constructor(sampler?: Sampler) {
    this.provider = new BasicTracerProvider({
      spanProcessors: [this],
      ...(sampler && { sampler }),
    });
    this.tracer = this.provider.getTracer("app");
  }

  onStart(span: ReadableSpan): void {
    this.spans.push(span);
  }

  onEnd(): void {}

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  /** The spans of a name. */
  named(name: string): ReadableSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** The parent of a span. */
  parentOf({ parentSpanContext }: ReadableSpan): ReadableSpan | undefined {
    return this.spans.find((span) => span.spanContext().spanId === parentSpanContext?.spanId);
  }

  /** Begins and ends a span of the application's own. */
  mark(name: string): void {
    this.tracer.startSpan(name).end();
  }

  /** Calls inside a span of the application's own. */
  inside<T>(name: string, call: (span: OtelSpan) => Promise<T>): Promise<T> {
    const span = this.tracer.startSpan(name);
    return context.with(trace.setSpan(context.active(), span), () => call(span))
      .finally(() => span.end());
  }

  /** The tree of the spans as lines, indented, with failures and links. */
  tree(parent?: string, indent = ""): string[] {
    return this.spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent)
      .flatMap((span) => [
        `${indent}${this.#describe(span)}`,
        ...this.tree(span.spanContext().spanId, `${indent}  `),
      ]);
  }

  /** The tree of one run, without the spans around it. */
  treeOf(runId: string): string[] {
    const [root] = this.spans.filter(({ attributes }) => attributes["runsheet.run.id"] === runId);
    return root ? [this.#describe(root), ...this.tree(root.spanContext().spanId, "  ")] : [];
  }

  /** The names of spans whose parent was never exported, or that have not ended. */
  get orphans(): string[] {
    const ids = new Set(this.spans.map((span) => span.spanContext().spanId));
    return this.spans.filter(({ parentSpanContext, ended }) =>
      !ended || (parentSpanContext && !ids.has(parentSpanContext.spanId))
    ).map(({ name }) => name);
  }

  #describe({ name, status, attributes, links }: ReadableSpan): string {
    const linked = links.map(({ context }) =>
      this.spans.find((span) => span.spanContext().spanId === context.spanId)?.name
    );
    return [
      name,
      ...(status.code === SpanStatusCode.ERROR ? [`! ${attributes["error.type"]}`] : []),
      ...(attributes["runsheet.skipped"] ? ["skipped"] : []),
      ...(attributes["runsheet.late"] ? [`(${attributes["runsheet.late"]})`] : []),
      ...linked.map((name) => `-> ${name}`),
    ].join(" ");
  }
}

/**
 * Lets the application's own spans nest while the tests of a file run. Call it inside `describe`.
 */
export function withContextManager(): void {
  before(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  after(() => context.disable());
}
