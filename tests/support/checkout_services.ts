import type { Result } from "@runsheet/runsheet";
import type { Receipt, Services } from "../../examples/checkout/checkout.ts";
import { GatewayClient } from "../../examples/checkout/gateway_client.ts";

/** The services of examples/checkout at a CheckoutWorld, so that they outlive the processes that use them. */
export function servicesAt(url: string): Services {
  const asking = (what: string) => async (...args: unknown[]): Promise<void> => {
    const response = await fetch(`${url}/${what}`, { method: "POST", body: JSON.stringify(args) });
    const { name, message } = await response.json() as { name?: string; message?: string };
    if (!response.ok) throw Object.assign(new Error(message), { name });
  };
  return {
    db: {
      reserve: asking("reserve"),
      release: asking("release"),
      addPayment: asking("addPayment"),
      removePayment: asking("removePayment"),
      ship: asking("ship"),
      unship: asking("unship"),
    },
    gateway: new GatewayClient(url),
    mailer: { send: asking("send") },
  };
}

/** The end of an order, as plain data, as far as it matters. */
export interface OrderEnd {
  readonly success: boolean;
  readonly data?: Receipt;
  readonly error?: { readonly name: string };
  /** The undos that failed. */
  readonly failed?: readonly { readonly step: string }[];
}

export function orderEnd(result: Result<Receipt>): OrderEnd {
  if (result.success) return { success: true, data: result.data };
  const { error: { name }, rollback: { failed } } = result;
  return { success: false, error: { name }, failed: failed.map(({ step }) => ({ step })) };
}
