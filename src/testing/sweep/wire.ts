/** What a fake asks of the other side. */
export interface Request {
  /** What reports call it. */
  readonly what: string;
  /** What the other side does, at once. */
  readonly act: () => unknown;
  /** Gives up the answer, and not the effect. */
  readonly signal: AbortSignal | undefined;
}

/** The way to the other side and back. */
export type Wire = (request: Request) => Promise<unknown>;

/** A way that takes a tick there, and another one back. */
export async function tick({ act, signal }: Request): Promise<unknown> {
  signal?.throwIfAborted();
  await Promise.resolve();
  const answer = act();
  await Promise.resolve();
  signal?.throwIfAborted();
  return answer;
}

const wires = new WeakMap<object, Wire>();

/** The wire of a ledger. */
export function wireOf(books: object): Wire {
  return wires.get(books) ?? tick;
}

/** Puts another wire in the place of a ledger's own, until it is taken out again. */
export function replaceWire(books: object, wire: Wire): () => void {
  wires.set(books, wire);
  return () => wires.delete(books);
}
