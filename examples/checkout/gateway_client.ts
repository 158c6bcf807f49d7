import type { ChargeRequest } from "./gateway_books.ts";

export class CardDeclined extends Error {
  override name = "CardDeclined";
}

/** The gateway rejected a request; the status says whether a retry may help. */
export class GatewayError extends Error {
  override name = "GatewayError";
  readonly status: number;

  constructor(status: number, reason: string) {
    super(`${status} ${reason}`);
    this.status = status;
  }
}

/** A client of the payment gateway over HTTP. */
export class GatewayClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Takes the money once per key, however often it is asked. */
  async charge(
    request: ChargeRequest,
    key: string,
    signal: AbortSignal,
  ): Promise<{ chargeId: string }> {
    // The step validates it with its `provides`.
    return await this.#post("/charges", request, key, signal) as { chargeId: string };
  }

  /** Refunds a charge. */
  async refund(chargeId: string, key: string, signal: AbortSignal): Promise<void> {
    await this.#post("/refunds", { chargeId }, key, signal);
  }

  /** Voids a key: undoes its charge, if it was made, and forbids later ones. */
  async void(key: string, signal: AbortSignal): Promise<void> {
    await this.#post("/voids", {}, key, signal);
  }

  async #post(path: string, body: object, key: string, signal: AbortSignal): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      body: JSON.stringify(body),
      signal,
    });
    if (response.ok) return await response.json();
    const reason = await response.text();
    throw response.status === 402
      ? new CardDeclined(reason)
      : new GatewayError(response.status, reason);
  }
}
