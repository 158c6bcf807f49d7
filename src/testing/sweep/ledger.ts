import { checkFunction, checkOptions, checkSignal, refuse } from "../../report/checks.ts";
import { ConfigError } from "../../report/errors.ts";
import { cast } from "../../values/cast.ts";
import { isThenable } from "../../values/maybe_promise.ts";
import { wireOf } from "./wire.ts";

/** An effect that is in place. */
export interface LedgerEntry {
  /** The kind of effect, such as `"charge"`. */
  readonly effect: string;
  /** The id within its kind; `""` if it was given none. */
  readonly id: string;
  /** The amount in place; negative if more was undone than done. */
  readonly amount: number;
}

/**
 * Tells a sweep which effects are in place. A {@linkcode Ledger} does; write your own to read them
 * from the fakes themselves, such as an in-memory database.
 */
export interface Books {
  /** The effects in place, and those that were undone more often than done. */
  left(): readonly LedgerEntry[];
  /** Removes all entries; called before every run. */
  clear(): void;
}

/** Options of a request to the other side. */
export interface CallOptions {
  /**
   * The signal that the real client would pass to `fetch`. Once it aborts, no answer arrives, but
   * the effect may still happen.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a request for an effect. */
export interface EffectOptions extends CallOptions {
  /** The amount; use integers, as fractions may not add up to 0. @default {1} */
  readonly amount?: number | undefined;
}

/**
 * A record of the effects of fakes. It represents the other side, to which each request takes some
 * time. A sweep makes these requests fail, loses their answers, and lets them arrive when they are
 * no longer expected. The total of every effect must be 0 once everything is undone.
 */
export interface Ledger extends Books {
  /**
   * Requests an effect.
   *
   * @param effect The kind of effect.
   * @param id The id within its kind.
   * @returns The answer, once the effect has happened.
   * @throws {Error} If the effect has been forbidden.
   */
  add(effect: string, id?: string | number, options?: EffectOptions): Promise<void>;
  /**
   * Requests an effect from a service with idempotency keys: a repeated request gets the same
   * answer and has no effect, even if the effect has been removed since.
   *
   * @param effect The kind of effect.
   * @param id The id within its kind.
   * @returns The answer, once the effect has happened, now or earlier.
   * @throws {Error} If the effect has been forbidden.
   */
  addOnce(effect: string, id?: string | number, options?: EffectOptions): Promise<void>;
  /**
   * Removes an effect, whether or not it exists. If it does not, its amount becomes negative, which
   * a sweep reports; for an undo that may safely be repeated, see `removeAll`.
   *
   * @param effect The kind of effect.
   * @param id The id within its kind.
   */
  remove(effect: string, id?: string | number, options?: EffectOptions): Promise<void>;
  /**
   * Removes the whole amount of an effect, if it exists.
   *
   * @param effect The kind of effect.
   * @param id The id within its kind.
   */
  removeAll(effect: string, id?: string | number, options?: CallOptions): Promise<void>;
  /**
   * Removes the whole amount of an effect, if it exists, and forbids it: later requests for it are
   * rejected. Payment services call this voiding or cancelling.
   *
   * @param effect The kind of effect.
   * @param id The id within its kind.
   */
  forbid(effect: string, id?: string | number, options?: CallOptions): Promise<void>;
  /**
   * Whether an effect exists at this moment. A fake that acts on the answer must do both in one
   * `call`.
   *
   * @param effect The kind of effect.
   * @param id The id within its kind.
   */
  has(effect: string, id?: string | number): boolean;
  /**
   * Sends any other request to the other side, for fakes with their own state. Within `act`, the
   * ledger's other functions take effect immediately.
   *
   * @param act The action of the other side; it must be synchronous.
   * @returns The answer: the value that `act` returned.
   */
  call<T>(act: () => T, options?: CallOptions): Promise<T>;
}

/**
 * Makes an empty ledger for the fakes of a test to record what they do and undo.
 *
 * @param left Returns further effects that are in place, read from fakes with their own state;
 * those with an amount of 0 do not count. A sweep calls it several times for each request.
 * @returns The ledger.
 *
 * @example A fake payment client
 * ```ts
 * import { ledger } from "@runsheet/runsheet/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const books = ledger();
 * const stripe = {
 *   charge: (key: string, signal?: AbortSignal) => books.add("charge", key, { signal }),
 *   void: (key: string) => books.forbid("charge", key),
 * };
 * await stripe.charge("o1");
 * assertEquals(books.left(), [{ effect: "charge", id: "o1", amount: 1 }]);
 * await stripe.void("o1");
 * assertEquals(books.left(), []);
 * ```
 *
 * @example A fake with its own state
 * ```ts
 * import { ledger } from "@runsheet/runsheet/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const rooms = new Map<string, string>();
 * const books = ledger(() => [...rooms].map(([id]) => ({ effect: "room", id, amount: 1 })));
 * const hotel = {
 *   book: (room: string, guest: string) =>
 *     books.call(() => {
 *       if (rooms.has(room)) throw new Error(`${room} is taken`);
 *       rooms.set(room, guest);
 *     }),
 * };
 * await hotel.book("12", "Ada");
 * assertEquals(books.left(), [{ effect: "room", id: "12", amount: 1 }]);
 * ```
 */
export function ledger(left: () => readonly LedgerEntry[] = () => []): Ledger {
  checkFunction("make a ledger", "left", left);
  const entries = new Map<string, LedgerEntry>();
  const known = new Set<string>();
  const forbidden = new Set<string>();
  let hasArrived = false;

  function call(what: string, act: () => unknown, options: EffectOptions = {}): Promise<unknown> {
    const action = `ask for ${what}`;
    checkOptions(action, options, ["amount", "signal"]);
    const { signal, amount } = options;
    checkSignal(action, signal);
    if (amount !== undefined && !Number.isFinite(amount)) {
      refuse(action, "'amount' must be a number", amount);
    }
    if (hasArrived) return Promise.resolve(act());
    const answer = wireOf(books)({
      what,
      signal,
      act() {
        hasArrived = true;
        try {
          return synchronous(what, act());
        } finally {
          hasArrived = false;
        }
      },
    });
    // An unawaited request must not end the process; a sweep reports it.
    answer.catch(() => {});
    return answer;
  }

  /** Makes a function that requests a change of an effect; `act` returns the new amount. */
  function asking(act: (key: string, standing: number, amount: number, name: string) => number) {
    return (effect: string, id: string | number = "", options: EffectOptions = {}) => {
      const key = keyOf(effect, id);
      const name = id === "" ? effect : `${effect} ${id}`;
      return cast<Promise<void>>(call(name, () => {
        const amount = act(key, entries.get(key)?.amount ?? 0, options.amount ?? 1, name);
        if (amount === 0) entries.delete(key);
        else entries.set(key, Object.freeze({ effect, id: String(id), amount }));
      }, options));
    };
  }

  function add(key: string, standing: number, amount: number, name: string): number {
    if (forbidden.has(key)) throw new Error(`Cannot add '${name}' as it has been forbidden`);
    known.add(key);
    return standing + amount;
  }

  const books: Ledger = Object.freeze({
    add: asking(add),
    addOnce: asking((key, standing, amount, name) =>
      add(key, standing, known.has(key) ? 0 : amount, name)
    ),
    remove: asking((_key, standing, amount) => standing - amount),
    removeAll: asking((_key, standing) => Math.min(standing, 0)),
    forbid: asking((key, standing) => {
      forbidden.add(key);
      return Math.min(standing, 0);
    }),
    has: (effect: string, id: string | number = "") =>
      (entries.get(keyOf(effect, id))?.amount ?? 0) > 0,
    call: <T>(act: () => T, options?: CallOptions) =>
      cast<Promise<T>>(call("a call", act, options)),
    left: () => [...entries.values(), ...left().filter(({ amount }) => amount !== 0)],
    clear() {
      entries.clear();
      known.clear();
      forbidden.clear();
    },
  });
  return books;
}

function keyOf(effect: string, id: string | number): string {
  return JSON.stringify([effect, String(id)]);
}

/** Rejects asynchronous actions, as it would be unknown when they happen. */
function synchronous(what: string, answer: unknown): unknown {
  if (!isThenable(answer)) return answer;
  throw new ConfigError(`Cannot ask for ${what} as what the other side does must be synchronous`);
}
