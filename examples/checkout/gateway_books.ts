// The behaviour of the payment gateway, and its books.

export interface ChargeRequest {
  orderId: string;
  cardToken: string;
  /** In cents. */
  amount: number;
}

/** An answer to a request; `undefined` for a request that is never answered. */
export type Answer = { status: number; body: string } | undefined;

interface Charge {
  chargeId: string;
  orderId: string;
  state: "captured" | "refunded" | "voided";
  /** The amount that the gateway holds, in cents. */
  held: number;
}

/** A refund that a deliberately broken gateway confirms but does not pay. */
export type Unpaid = "refunded" | "voided";

/** A gateway that fails by rule, so that every run of the demo meets the same faults. */
export class GatewayBooks {
  readonly #charges = new Map<string, Charge>();
  readonly #voidedKeys = new Set<string>();
  readonly #faults = new Set<string>();
  readonly #unpaid: Unpaid | undefined;
  readonly #onStall: (orderId: string) => void;

  /** Calls `onStall` with the order of each charge that is made but never answered. */
  constructor(unpaid?: Unpaid, onStall: (orderId: string) => void = () => {}) {
    this.#unpaid = unpaid;
    this.#onStall = onStall;
  }

  /** Takes the money once per key, however often it is asked. */
  charge(key: string, { orderId, cardToken, amount }: ChargeRequest): Answer {
    if (this.#voidedKeys.has(key)) return refuse(409, "this key has been voided");
    const known = this.#charges.get(key);
    if (known) return confirm(known);

    const [, reason] = /^tok_declined_(.+)/.exec(cardToken) ?? [];
    if (reason) return refuse(402, reason.replaceAll("_", " "));
    if (cardToken === "tok_outage" || this.#strikes("outage", 7, orderId)) {
      return refuse(503, "try again later");
    }
    const chargeId = `ch_${this.#charges.size + 1}`;
    const charge: Charge = { chargeId, orderId, state: "captured", held: amount };
    this.#charges.set(key, charge);
    // The worst fault: the money is taken, but the client never learns of it.
    if (cardToken === "tok_stalls" || this.#strikes("stall", 11, orderId)) {
      this.#onStall(orderId);
      return undefined;
    }
    return confirm(charge);
  }

  /** Refunds a charge once, however often it is asked. */
  refund(chargeId: string): Answer {
    const charge = [...this.#charges.values()].find((charge) => charge.chargeId === chargeId);
    if (!charge) return refuse(404, "no such charge");
    this.#giveBack(charge, "refunded");
    if (this.#strikes("refund", 3, charge.orderId)) return refuse(503, "try again later");
    return confirm(charge);
  }

  /**
   * Voids a key for a client that does not know whether the charge was made; the key can no longer
   * be charged.
   */
  void(key: string): Answer {
    this.#voidedKeys.add(key);
    const charge = this.#charges.get(key);
    if (charge) this.#giveBack(charge, "voided");
    return confirm({});
  }

  /** The number of charges in a state. */
  count(state: Charge["state"]): number {
    return [...this.#charges.values()].filter((charge) => charge.state === state).length;
  }

  /** The amount that the gateway holds for every order, in cents. */
  balance(): Map<string, number> {
    const balance = new Map<string, number>();
    for (const { orderId, held } of this.#charges.values()) {
      if (held > 0) balance.set(orderId, (balance.get(orderId) ?? 0) + held);
    }
    return balance;
  }

  #giveBack(charge: Charge, state: "refunded" | "voided"): void {
    if (charge.state !== "captured") return;
    charge.state = state;
    if (state !== this.#unpaid) charge.held = 0;
  }

  /** Whether a fault occurs now: once for every n-th order. */
  #strikes(fault: string, n: number, orderId: string): boolean {
    const number = Number(orderId.slice("o-".length));
    if (number % n !== 0 || this.#faults.has(`${fault} ${orderId}`)) return false;
    this.#faults.add(`${fault} ${orderId}`);
    return true;
  }
}

function confirm(body: object): Answer {
  return { status: 200, body: JSON.stringify(body) };
}

export function refuse(status: number, reason: string): Answer {
  return { status, body: reason };
}
