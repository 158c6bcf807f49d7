import { type Context, context, type Span as OtelSpan } from "@opentelemetry/api";
import type { Progress, SpanEnd, SpanObserver } from "@runsheet/runsheet/observe";
import { endSpan } from "./end_span.ts";

/** Follows a span that is traced. */
export class Follower implements SpanObserver {
  readonly #otelSpan: OtelSpan;
  readonly #inside: Context;
  #mark = 0;
  #untold: Progress | undefined;

  constructor(otelSpan: OtelSpan, inside: Context) {
    this.#otelSpan = otelSpan;
    this.#inside = inside;
  }

  within<T>(call: () => T): T {
    return context.with(this.#inside, call);
  }

  progress(progress: Progress): void {
    const { done, total } = progress;
    // If the total is unknown: at 1, 2, 4, 8 and so on.
    const mark = total === undefined ? 32 - Math.clz32(done) : Math.floor(10 * done / total);
    this.#untold = progress;
    if (mark > this.#mark) this.#tell(progress);
    this.#mark = mark;
  }

  end(end: SpanEnd): void {
    if (this.#untold) this.#tell(this.#untold);
    endSpan(this.#otelSpan, end);
  }

  #tell({ done, failed, total }: Progress): void {
    this.#untold = undefined;
    this.#otelSpan.addEvent("runsheet.progress", {
      "runsheet.items.done": done,
      "runsheet.items.failed": failed,
      ...(total !== undefined && { "runsheet.items.total": total }),
    });
  }
}
