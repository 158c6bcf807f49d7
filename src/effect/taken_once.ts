import { isEqual } from "../values/equal.ts";

/** An attempt, identified by the key it sent and the value it returned. */
interface Landed {
  readonly generation: number;
  readonly result: { readonly raw: unknown } | undefined;
}

/** Tracks which effects have been undone, so that none is undone twice. */
export class TakenOnce {
  readonly #isOne: boolean;
  readonly #keys = new Set<number>();
  readonly #rolledBack: Landed[] = [];

  constructor(isOne: boolean) {
    this.#isOne = isOne;
  }

  /** Claims the undo by an attempt's key; returns whether it was still unclaimed. */
  takeKey({ generation }: Landed): boolean {
    if (this.#keys.has(generation)) return false;
    this.#keys.add(generation);
    return true;
  }

  /** Claims the rollback of an attempt's output; returns whether it was still unclaimed. */
  takeOutput(attempt: Landed): boolean {
    if (this.#rolledBack.some((other) => this.#isOne || isSameEffect(attempt, other))) return false;
    this.#rolledBack.push(attempt);
    return true;
  }

  /** Whether an output that belongs to the attempt's key has been rolled back. */
  isRolledBack({ generation }: Landed): boolean {
    return this.#rolledBack.some((other) => other.generation === generation);
  }
}

/**
 * Whether two attempts had the same effect: they share a key and returned equal values, neither
 * `undefined` nor `null`.
 */
export function isSameEffect(a: Landed, b: Landed): boolean {
  const raw = a.result?.raw ?? undefined;
  try {
    return raw !== undefined && a.generation === b.generation && isEqual(raw, b.result?.raw);
  } catch {
    return false; // A user's getter may throw.
  }
}
