import type { Collection } from "../api/collection.ts";
import type { Cancellation } from "../run/cancellation.ts";

/**
 * Opens an async iterator that can be closed while its next item is pending. Streams need special
 * handling: their iterators would wait for that item before closing the stream.
 */
export function openIterator<Item>(
  items: AsyncIterable<Item>,
  cancellation: Cancellation,
): AsyncIterator<Item> {
  if (isWebStream(items)) return readWebStream(items, cancellation);
  const iterator = items[Symbol.asyncIterator]();
  if (!isNodeStream(items)) return iterator;
  return {
    next: () => iterator.next(),
    return() {
      // An unhandled error while closing would end the process.
      items.on("error", () => {});
      items.destroy();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

/** Closes an iterator without waiting for it, as it may never respond. */
export function closeIterator(iterator: Iterator<unknown> | AsyncIterator<unknown>): void {
  // The group already ends for another reason, so an error while closing is ignored.
  new Promise((resolve) => resolve(iterator.return?.())).catch(() => {});
}

/** Closes a collection that arrived too late to be iterated. */
export function closeCollection(items: Collection<unknown>, cancellation: Cancellation): void {
  closeIterator(
    Symbol.asyncIterator in items ? openIterator(items, cancellation) : items[Symbol.iterator](),
  );
}

interface WebStream<Item> {
  getReader(): {
    read(): Promise<IteratorResult<Item>>;
    cancel(reason: unknown): Promise<void>;
    releaseLock(): void;
  };
}

function isWebStream<Item>(
  items: AsyncIterable<Item>,
): items is AsyncIterable<Item> & WebStream<Item> {
  return "getReader" in items && typeof items.getReader === "function";
}

interface NodeStream {
  on(event: "error", listener: () => void): unknown;
  destroy(): unknown;
}

function isNodeStream(items: object): items is NodeStream {
  return "pipe" in items && typeof items.pipe === "function" &&
    "destroy" in items && typeof items.destroy === "function";
}

function readWebStream<Item>(
  stream: WebStream<Item>,
  cancellation: Cancellation,
): AsyncIterator<Item> {
  const reader = stream.getReader();
  return {
    async next() {
      const result = await reader.read();
      if (result.done) reader.releaseLock();
      return result;
    },
    async return() {
      const cancelling = reader.cancel(cancellation.reason);
      reader.releaseLock();
      await cancelling;
      return { done: true, value: undefined };
    },
  };
}
