import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Service } from "./args.ts";

const tracer = trace.getTracer("shop");

/** A service rejected a request. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number;

  constructor(path: string, status: number) {
    super(`${path} answered with ${status}`);
    this.status = status;
  }
}

/** Posts a body as JSON and returns the id in the answer, in a span of its own. */
export function post(
  service: Service,
  path: string,
  body: Record<string, unknown>,
  init: RequestInit = {},
): Promise<{ id: string }> {
  return tracer.startActiveSpan(`POST ${path}`, { kind: SpanKind.CLIENT }, async (span) => {
    try {
      const response = await service.fetch(`https://service${path}`, {
        ...init,
        method: "POST",
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Refusal(path, response.status);
      return await response.json() as { id: string };
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}
