import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { ShopError } from "./errors.ts";

const tracer = trace.getTracer("shop");

/** A client of the payment provider over HTTP. */
export class Payments {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Takes the money once per key, however often it is asked. */
  async charge(key: string, card: string, amount: number, signal: AbortSignal): Promise<void> {
    await this.#send("PUT", key, signal, { card, amount });
  }

  /** Voids a key: refunds its charge, and forbids later ones. */
  async cancel(key: string, signal: AbortSignal): Promise<void> {
    await this.#send("DELETE", key, signal);
  }

  #send(method: string, key: string, signal: AbortSignal, body?: object): Promise<void> {
    return tracer.startActiveSpan(`${method} /charges`, { kind: SpanKind.CLIENT }, async (span) => {
      try {
        const response = await fetch(`${this.#url}/charges/${encodeURIComponent(key)}`, {
          method,
          signal,
          headers: { "Content-Type": "application/json" },
          ...body && { body: JSON.stringify(body) },
        });
        await response.text(); // frees the connection
        const { ok, status } = response;
        span.setAttribute("http.response.status_code", status);
        if (!ok) throw new ShopError(status === 402 ? "CARD_DECLINED" : "PAYMENTS_DOWN");
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  }
}
