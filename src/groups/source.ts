import type { Collection } from "../api/collection.ts";
import { errorWith } from "../report/error_with.ts";
import { toError } from "../report/errors.ts";
import { Cancellation, untilCancelled } from "../run/cancellation.ts";
import type { Seam } from "../run/seam.ts";
import { cast } from "../values/cast.ts";
import { isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import { withValue } from "../values/show.ts";
import { closeCollection, closeIterator, openIterator } from "./open_iterator.ts";

/**
 * The source of items: a collection, or a function that returns one and receives its cancellation.
 */
export type Source<Item> =
  | Collection<Item>
  | ((cancellation: Cancellation) => MaybePromise<Collection<Item>>);

/** A taken item. A class, as `instanceof` takes less time than asking for a promise's `then`. */
export class TakenItem<Item> {
  readonly item: Item;

  constructor(item: Item) {
    this.item = item;
  }
}

/** A taken item, or `undefined` when there are no more. */
export type NextItem<Item> = TakenItem<Item> | undefined;

/** Whether the next item must be awaited. */
export function isAwaited<Item>(
  taking: MaybePromise<NextItem<Item>>,
): taking is Promise<NextItem<Item>> {
  return taking !== undefined && !(taking instanceof TakenItem);
}

/**
 * Takes one item at a time until the source ends or is cancelled, and closes the source if it has
 * not ended. It never waits for the source after a cancellation.
 */
export class OpenSource<Item> {
  readonly #cancellation: Cancellation;
  readonly #stopListening: (() => void) | undefined = undefined;
  #iterator: Iterator<Item> | AsyncIterator<Item> | undefined = undefined;
  #isAsync = false;
  /** The array that is read without its iterator, and the index of its next item. */
  #list: readonly Item[] | undefined = undefined;
  #index = 0;
  /** The number of items, if it is known. */
  total: number | undefined = undefined;

  constructor(group: Cancellation, seam: Seam) {
    const taking = this.#cancellation = new Cancellation(group);
    if (seam.isDirect) return;
    // The host's own signal also stops taking items, but does not abort those in flight.
    this.#stopListening = seam.onInterruption((reason) => taking.cancel(toError(reason), reason));
  }

  /** Whether it is an array, of which no item has to be awaited. */
  get isArray(): boolean {
    return this.#list !== undefined;
  }

  /** Opens the collection; calls the function if the source is one. */
  open(source: Source<Item>): MaybePromise<void> {
    const cancellation = this.#cancellation;
    if (cancellation.error) return;
    if (typeof source !== "function") return this.#openItems(source);
    const giving = source(cancellation);
    return isThenable(giving) ? this.#openLater(giving) : this.#openItems(giving);
  }

  async #openLater(giving: PromiseLike<Collection<Item>>): Promise<void> {
    const promise = Promise.resolve(giving);
    const items = await untilCancelled(promise, this.#cancellation);
    if (items && !this.#cancellation.error) return this.#openItems(items);
    promise
      .then((late) => closeCollection(late, this.#cancellation))
      .catch(() => {}); // There is nothing to close.
  }

  #openItems(given: Collection<Item>): void {
    // The items of a Map are its values.
    const items: Collection<Item> = given instanceof Map ? given.values() : given;
    if (given instanceof Set || given instanceof Map) this.total = given.size;
    else if (Array.isArray(items)) {
      this.total = items.length;
      if (items[Symbol.iterator] === Array.prototype[Symbol.iterator]) {
        this.#list = items;
        return;
      }
    }
    this.#isAsync = Symbol.asyncIterator in items;
    this.#iterator = Symbol.asyncIterator in items
      ? openIterator(items, this.#cancellation)
      : items[Symbol.iterator]();
  }

  /** Takes the next item. */
  take(): MaybePromise<NextItem<Item>> {
    if (this.#cancellation.error) return this.close();
    const list = this.#list;
    if (list) return this.#readList(list);
    const iterator = this.#iterator;
    if (!iterator) return undefined;
    this.#iterator = undefined; // An iterator that throws or is done has closed itself.
    const giving = iterator.next();
    return this.#isAsync
      ? this.#takeLater(iterator, Promise.resolve(giving))
      : this.#read(iterator, cast(giving));
  }

  #readList(list: readonly Item[]): NextItem<Item> {
    this.#list = undefined; // Nothing is taken after an accessor that throws.
    if (this.#index >= list.length) return this.close();
    const taken = new TakenItem(list[this.#index++]!);
    this.#list = list;
    return taken;
  }

  // Not `for await`, which could not stop waiting for the next item after a cancellation.
  async #takeLater(
    iterator: Iterator<Item> | AsyncIterator<Item>,
    giving: Promise<IteratorResult<Item>>,
  ): Promise<NextItem<Item>> {
    const next = await untilCancelled(giving, this.#cancellation);
    if (!this.#cancellation.error) return this.#read(iterator, next);
    this.#iterator = iterator;
    return this.close();
  }

  #read(
    iterator: Iterator<Item> | AsyncIterator<Item>,
    next: IteratorResult<Item> | undefined,
  ): NextItem<Item> {
    if (typeof next !== "object" || next === null) {
      closeIterator(iterator);
      const problem = "Cannot take an item as 'next' must give an object";
      throw errorWith(TypeError, withValue(problem, next));
    }
    if (next.done) return this.close();
    this.#iterator = iterator;
    return new TakenItem(next.value);
  }

  /** Closes the source unless it has ended, and stops listening for cancellation. */
  close(): undefined {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    this.#list = undefined;
    this.#stopListening?.();
    this.#cancellation.release();
    if (iterator) closeIterator(iterator);
  }
}
