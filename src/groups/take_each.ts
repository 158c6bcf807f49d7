import type { Collection } from "../api/collection.ts";
import { type Cancellation, untilCancelled } from "../run/cancellation.ts";
import { errorWith } from "../report/error_with.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";

/**
 * Takes one item after the other from a collection, until it ends or there is a cancellation, and closes it. An item is
 * taken when `visit` has made room for it, which it does at once when it returns nothing.
 */
export async function takeEach<Item>(
  items: Collection<Item>,
  cancellation: Cancellation,
  visit: (item: Item, index: number) => Promise<void> | undefined,
): Promise<void> {
  let index = 0;
  if (Symbol.asyncIterator in items) {
    return await takeEachAsync(items, cancellation, (item) => visit(item, index++));
  }
  for (const item of items) {
    if (cancellation.error) return;
    const room = visit(item, index++);
    if (room) await room;
  }
}

// Not `for await`: that could not stop waiting for the next item when there is a cancellation.
async function takeEachAsync<Item>(
  items: AsyncIterable<Item>,
  cancellation: Cancellation,
  visit: (item: Item) => Promise<void> | undefined,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  let isOpen = true;
  try {
    while (!cancellation.error) {
      isOpen = false; // an iterator that throws, or is done, has closed itself
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
      await visit(next.value);
    }
  } finally {
    if (isOpen) close(iterator);
  }
}

/** Closes an iterator, and does not wait: it may be waiting itself for what never comes. */
function close(iterator: AsyncIterator<unknown>): void {
  // It is closed because the group ends early: an error of the closing is not the reason, and changes nothing.
  Promise.resolve().then(() => iterator.return?.()).catch(() => {});
}
