import type { ChargeRequest } from "./gateway_books.ts";

export class CardDeclined extends Error {
  override name = "CardDeclined";
}

/** The gateway did not do what it was asked for; the status tells whether asking again may help. */
export class GatewayError extends Error {
  override name = "GatewayError";
  readonly status: number;

  constructor(status: number, reason: string) {
    super(`${status} ${reason}`);
    this.status = status;
  }
}

/** Asks the payment gateway, over HTTP. */
export class GatewayClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Takes the money once for each key, however often it is asked. */
  async charge(
    request: ChargeRequest,
    key: string,
    signal: AbortSignal,
  ): Promise<{ chargeId: string }> {
    // Whether it is one, the step checks with its `provides`.
    return await this.#post("/charges", request, key, signal) as { chargeId: string };
  }

  /** Gives the money of a charge back. */
  async refund(chargeId: string, key: string, signal: AbortSignal): Promise<void> {
    await this.#post("/refunds", { chargeId }, key, signal);
  }

  /** Undoes the charge of a key, if it was made, and keeps it from being made later. */
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
