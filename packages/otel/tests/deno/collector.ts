/** A span, as a collector is told of it. */
export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  status?: { code?: number };
  links?: { spanId: string }[];
  attributes: {
    key: string;
    value: { stringValue?: string; intValue?: number | string; boolValue?: boolean };
  }[];
}

interface Export {
  resourceSpans: { scopeSpans: { spans: CollectedSpan[] }[] }[];
}

/** A collector of OTLP over HTTP, in JSON, on the loopback. */
export class Collector {
  readonly spans: CollectedSpan[] = [];
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#take(request),
  );

  /** Where it is. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The tree of the spans as lines, indented; those beside each other by name. */
  tree(parent = "", indent = ""): string[] {
    return this.spans.filter(({ parentSpanId = "" }) => parentSpanId === parent)
      .sort((a, b) => a.name < b.name ? -1 : 1)
      .flatMap((
        span,
      ) => [`${indent}${this.#describe(span)}`, ...this.tree(span.spanId, `${indent}  `)]);
  }

  close(): Promise<void> {
    return this.#server.shutdown();
  }

  async #take(request: Request): Promise<Response> {
    const body: Export = await request.json();
    if (request.url.endsWith("/v1/traces")) {
      for (const { scopeSpans } of body.resourceSpans) {
        for (const { spans } of scopeSpans) this.spans.push(...spans);
      }
    }
    return Response.json({});
  }

  #describe({ name, status, links = [], attributes }: CollectedSpan): string {
    const type = attributes.find(({ key }) => key === "error.type")?.value.stringValue;
    const linked = links.map(({ spanId }) =>
      this.spans.find((span) => span.spanId === spanId)?.name
    );
    return [
      name,
      ...(status?.code === 2 ? [`! ${type}`] : []),
      ...linked.map((name) => `-> ${name}`),
    ].join(" ");
  }
}
