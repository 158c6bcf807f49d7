import type { Collection } from "../api/collection.ts";
import { errorWith } from "../report/error_with.ts";
import { toError } from "../report/errors.ts";
import { type Cancellation, untilCancelled } from "../run/cancellation.ts";
import type { Seam } from "../run/seam.ts";
import { isThenable, type MaybePromise } from "../values/maybe_promise.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { closeCollection, closeIterator, openIterator } from "./open_iterator.ts";

/**
 * The source of items: a collection, or a function that returns one and receives its cancellation.
 */
export type Source<Item> =
  | Collection<Item>
  | ((cancellation: Cancellation) => MaybePromise<Collection<Item>>);

/** Takes an item; returns a promise if the next one must wait for room. */
type Visit<Item> = (item: Item, index: number) => Promise<void> | undefined;

/**
 * Takes one item at a time until the source ends or is cancelled, and closes the source if it has
 * not ended. It never waits for the source after a cancellation.
 */
export async function takeEach<Item>(
  source: Source<Item>,
  group: Cancellation,
  seam: Seam,
  visit: Visit<Item>,
): Promise<void> {
  if (group.error) return;
  if (typeof source !== "function") return await takeFrom(source, group, visit);
  // The host's own signal also stops taking items, but does not abort those in flight.
  const [taking, release] = group.child();
  const stopListening = seam.onInterruption((reason) => taking.cancel(toError(reason), reason));
  try {
    const items = await open(source, taking);
    if (items) await takeFrom(items, taking, visit);
  } finally {
    stopListening();
    release();
  }
}

async function takeFrom<Item>(
  items: Collection<Item>,
  cancellation: Cancellation,
  visit: Visit<Item>,
): Promise<void> {
  if (Symbol.asyncIterator in items) await takeEachAsync(items, cancellation, visit);
  else await takeEachSync(items, cancellation, visit);
}

async function open<Item>(
  source: (cancellation: Cancellation) => MaybePromise<Collection<Item>>,
  cancellation: Cancellation,
): Promise<Collection<Item> | undefined> {
  const giving = source(cancellation);
  const items = isThenable(giving) ? await untilCancelled(giving, cancellation) : giving;
  if (!cancellation.error) return items;
  Promise.resolve(giving)
    .then((late) => closeCollection(late, cancellation))
    .catch(() => {}); // There is nothing to close.
}

async function takeEachSync<Item>(
  items: Iterable<Item>,
  cancellation: Cancellation,
  visit: Visit<Item>,
): Promise<void> {
  let index = 0;
  let leaving = false;
  try {
    for (const item of items) {
      const room = visit(item, index++);
      if (room) await room;
      if (!cancellation.error) continue;
      leaving = true;
      return;
    }
  } catch (thrown) {
    // The group already ends for another reason, so an error while closing is ignored.
    if (!leaving) throw thrown;
  }
}

// Not `for await`, which could not stop waiting for the next item after a cancellation.
async function takeEachAsync<Item>(
  items: AsyncIterable<Item>,
  cancellation: Cancellation,
  visit: Visit<Item>,
): Promise<void> {
  const iterator = openIterator(items, cancellation);
  let index = 0;
  let isOpen = true;
  try {
    while (!cancellation.error) {
      isOpen = false; // An iterator that throws or is done has closed itself.
      const next = await untilCancelled(Promise.resolve(iterator.next()), cancellation);
      isOpen = true;
      if (cancellation.error) return;
      if (typeof next !== "object" || next === null) {
        throw errorWith(
          TypeError,
          message`Cannot take an item as 'next' must give an object: current value is ${
            shown(next)
          }`,
        );
      }
      isOpen = !next.done;
      if (next.done) return;
      await visit(next.value, index++);
    }
  } finally {
    if (isOpen) closeIterator(iterator);
  }
}
