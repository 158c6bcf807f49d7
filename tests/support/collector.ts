import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** A span, as a collector receives it. */
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
  readonly #server = createServer(async (request, response) => {
    const { resourceSpans = [] } = await json(request) as Partial<Export>; // or logs, or metrics
    const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
    this.spans.push(...scopes.flatMap(({ spans }) => spans));
    response.end("{}");
  });

  /** Starts a collector. */
  static async start(): Promise<Collector> {
    const collector = new Collector();
    await once(collector.#server.listen(0, "127.0.0.1"), "listening");
    return collector;
  }

  /** Its URL. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The trees of the spans as lines, indented; siblings are sorted by name. */
  tree(parent = "", indent = "", spans: readonly CollectedSpan[] = this.spans): string[] {
    return spans.filter(({ parentSpanId = "" }) => parentSpanId === parent)
      .sort((a, b) => a.name < b.name ? -1 : 1)
      .flatMap((span) => [
        `${indent}${this.#describe(span)}`,
        ...this.tree(span.spanId, `${indent}  `, spans),
      ]);
  }

  /** The tree of one run. */
  treeOf(runId: string): string[] {
    const isOfRun = ({ key, value }: CollectedSpan["attributes"][number]) =>
      key === "runsheet.run.id" && value.stringValue === runId;
    const traces = new Set(
      this.spans.filter((span) => span.attributes.some(isOfRun)).map(({ traceId }) => traceId),
    );
    return this.tree("", "", this.spans.filter(({ traceId }) => traces.has(traceId)));
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #describe({ name, status, links = [], attributes }: CollectedSpan): string {
    const type = attributes.find(({ key }) => key === "error.type")?.value.stringValue;
    const linked = links.map(({ spanId }) =>
      this.spans.find((span) => span.spanId === spanId)?.name
    );
    return [
      name,
      ...(status?.code === 2 ? ["!"] : []),
      ...(type === undefined ? [] : [type]),
      ...linked.map((name) => `-> ${name}`),
    ].join(" ");
  }
}
