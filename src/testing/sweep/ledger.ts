/** An effect that stands. */
export interface LedgerEntry {
  /** What kind of effect it is, such as `"charge"`. */
  readonly effect: string;
  /** Which one of its kind; `""` when it was given none. */
  readonly id: string;
  /** How much of it stands; negative when more was undone than had been done. */
  readonly amount: number;
}

/**
 * What a sweep looks at to see which effects stand. A {@linkcode Ledger} is one; make your own to read them off the fakes
 * themselves, an in-memory database say.
 */
export interface Books {
  /** What stands, and what was undone more often than it was done. */
  left(): readonly LedgerEntry[];
  /** Forgets everything; called before every run. */
  clear(): void;
}

/** What fakes write their effects to. Every effect must come to 0 once all is undone. */
export interface Ledger extends Books {
  /**
   * Notes that an effect has happened.
   *
   * @param effect What kind of effect it is.
   * @param id Which one of its kind.
   * @param amount How much of it; use integers, as fractions may not add up to 0. @default {1}
   */
  add(effect: string, id?: string | number, amount?: number): void;
  /**
   * Notes that an effect has been undone. What was not there becomes negative, and a sweep reports it: a fake whose
   * undo may safely be repeated asks `has` first.
   *
   * @param effect What kind of effect it was.
   * @param id Which one of its kind.
   * @param amount How much of it. @default {1}
   */
  remove(effect: string, id?: string | number, amount?: number): void;
  /**
   * Whether any of an effect stands.
   *
   * @param effect What kind of effect.
   * @param id Which one of its kind.
   */
  has(effect: string, id?: string | number): boolean;
}

/**
 * Makes an empty ledger: the fakes of a test write to it what they do and undo.
 *
 * @returns A ledger.
 *
 * @example A fake payment client
 * ```ts
 * import { ledger } from "@runsheet/runsheet/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const books = ledger();
 * const stripe = {
 *   charge: (orderId: string) => books.add("charge", orderId),
 *   refund: (orderId: string) => books.remove("charge", orderId),
 * };
 * stripe.charge("o1");
 * assertEquals(books.left(), [{ effect: "charge", id: "o1", amount: 1 }]);
 * stripe.refund("o1");
 * assertEquals(books.left(), []);
 * ```
 */
export function ledger(): Ledger {
  const entries = new Map<string, LedgerEntry>();
  const keyOf = (effect: string, id: string | number) => JSON.stringify([effect, String(id)]);
  function add(effect: string, id: string | number = "", amount = 1): void {
    const key = keyOf(effect, id);
    const sum = (entries.get(key)?.amount ?? 0) + amount;
    if (sum === 0) entries.delete(key);
    else entries.set(key, Object.freeze({ effect, id: String(id), amount: sum }));
  }
  return Object.freeze({
    add,
    remove: (effect: string, id: string | number = "", amount = 1) => add(effect, id, -amount),
    has: (effect: string, id: string | number = "") =>
      (entries.get(keyOf(effect, id))?.amount ?? 0) > 0,
    left: () => [...entries.values()],
    clear: () => entries.clear(),
  });
}
