import type { Ledger } from "@runsheet/runsheet/testing";

export interface Payments {
  charge(amount?: number, signal?: AbortSignal): Promise<string>;
  refund(id: string, amount?: number): Promise<void>;
  /** Refunds a charge, if it was made. */
  void(id: string): Promise<void>;
  chargeByKey(key: string): Promise<void>;
}

/** A fake that charges under successive ids of its own. */
export function payments(books: Ledger): Payments {
  let count = 0;
  return {
    charge: (amount, signal) =>
      books.call(() => {
        const id = `ch_${++count}`;
        books.add("charge", id, { amount });
        return id;
      }, { signal }),
    refund: (id, amount = 1) => books.remove("charge", id, { amount }),
    void: (id) => books.removeAll("charge", id),
    chargeByKey: (key) => books.addOnce("charge", key),
  };
}
