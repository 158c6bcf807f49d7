import { checkFunction, checkOptions } from "../../report/checks.ts";
import { ConfigError } from "../../report/errors.ts";
import { cast } from "../../values/cast.ts";
import { isThenable } from "../../values/maybe_promise.ts";
import { wireOf } from "./wire.ts";

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

/** How a fake asks the other side. */
export interface CallOptions {
  /**
   * The signal that the real client gives to `fetch`. Once it has aborted there is no answer any more, but what has been
   * asked for may still be done.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How a fake asks for an effect. */
export interface EffectOptions extends CallOptions {
  /** How much of it; use integers, as fractions may not add up to 0. @default {1} */
  readonly amount?: number | undefined;
}

/**
 * What fakes write their effects to: it stands for the other side, to which every request takes a while. A sweep makes
 * these requests fail, loses their answers, and lets them arrive when nobody expects them any more. Every effect must
 * come to 0 once all is undone.
 */
export interface Ledger extends Books {
  /**
   * Asks for an effect.
   *
   * @param effect What kind of effect it is.
   * @param id Which one of its kind.
   * @returns The answer: it has happened.
   * @throws {Error} If it has been forbidden.
   */
  add(effect: string, id?: string | number, options?: EffectOptions): Promise<void>;
  /**
   * Asks for an effect as a service does that knows idempotency keys: who asks again gets the same answer, and nothing
   * happens, not even where the effect has been removed since.
   *
   * @param effect What kind of effect it is.
   * @param id Which one of its kind.
   * @returns The answer: it has happened, now or before.
   * @throws {Error} If it has been forbidden.
   */
  addOnce(effect: string, id?: string | number, options?: EffectOptions): Promise<void>;
  /**
   * Takes an effect away, whether it is there or not. What was not there becomes negative, and a sweep reports it: see
   * `removeAll` for an undo that may safely be repeated.
   *
   * @param effect What kind of effect it was.
   * @param id Which one of its kind.
   */
  remove(effect: string, id?: string | number, options?: EffectOptions): Promise<void>;
  /**
   * Takes away what stands of an effect, if anything does.
   *
   * @param effect What kind of effect it was.
   * @param id Which one of its kind.
   */
  removeAll(effect: string, id?: string | number, options?: CallOptions): Promise<void>;
  /**
   * Takes away what stands of an effect, if anything does, and sees to it that it cannot happen any more: who asks for
   * it later is refused. Payment services call it to void, or to cancel.
   *
   * @param effect What kind of effect it was, or would have been.
   * @param id Which one of its kind.
   */
  forbid(effect: string, id?: string | number, options?: CallOptions): Promise<void>;
  /**
   * Whether any of an effect stands at this moment. A fake that decides by it what to do must do both in one `call`.
   *
   * @param effect What kind of effect.
   * @param id Which one of its kind.
   */
  has(effect: string, id?: string | number): boolean;
  /**
   * Asks the other side for anything at all, for a fake with a state of its own. The ledger's other functions act at
   * once where `act` calls them.
   *
   * @param act What the other side does: it must be synchronous.
   * @returns The answer: what `act` returned.
   */
  call<T>(act: () => T, options?: CallOptions): Promise<T>;
}

/**
 * Makes an empty ledger: the fakes of a test write to it what they do and undo.
 *
 * @param left What stands beside that, for fakes that have a state of their own: it is read off them.
 * @returns A ledger.
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
 * @example A fake with a state of its own
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

  function call(what: string, act: () => unknown, options: CallOptions = {}): Promise<unknown> {
    checkOptions(`ask for ${what}`, options, ["amount", "signal"]);
    if (hasArrived) return Promise.resolve(act());
    const { signal } = options;
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
    // One that nobody waits for must not end the process: a sweep finds it.
    answer.catch(() => {});
    return answer;
  }

  /** Makes the function that asks for something to be done to an effect: `act` tells how much of it stands then. */
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
    left: () => [...entries.values(), ...left()],
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

/** Nobody can say when what takes its time has happened. */
function synchronous(what: string, answer: unknown): unknown {
  if (!isThenable(answer)) return answer;
  throw new ConfigError(`Cannot ask for ${what} as what the other side does must be synchronous`);
}
