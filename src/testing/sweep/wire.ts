/** A request of a fake to the other side. */
export interface Request {
  /** The name in reports. */
  readonly what: string;
  /** The synchronous action of the other side. */
  readonly act: () => unknown;
  /** Gives up the answer, but not the effect. */
  readonly signal: AbortSignal | undefined;
}

/** The connection to the other side. */
export type Wire = (request: Request) => Promise<unknown>;

/** A connection that takes one microtask in each direction. */
export async function tick({ act, signal }: Request): Promise<unknown> {
  signal?.throwIfAborted();
  await Promise.resolve();
  const answer = act();
  await Promise.resolve();
  signal?.throwIfAborted();
  return answer;
}

const wires = new WeakMap<object, Wire>();

/** The connection of a ledger. */
export function wireOf(books: object): Wire {
  return wires.get(books) ?? tick;
}

/** Replaces the connection of a ledger; returns a function that restores it. */
export function replaceWire(books: object, wire: Wire): () => void {
  wires.set(books, wire);
  return () => wires.delete(books);
}
