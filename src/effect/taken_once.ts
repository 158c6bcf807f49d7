import { isEqual } from "../values/equal.ts";

/** An attempt, by the key that it sent and what it returned. */
interface Landed {
  readonly generation: number;
  readonly result: { readonly raw: unknown } | undefined;
}

/** What has been undone of several attempts, so that it is not undone again. */
export class TakenOnce {
  /** Whether all attempts are one effect. */
  readonly #isOne: boolean;
  readonly #keys = new Set<number>();
  readonly #rolledBack: Landed[] = [];

  constructor(isOne: boolean) {
    this.#isOne = isOne;
  }

  /** Whether the undo by an attempt's key is still to be done; it is not any more from then on. */
  takeKey({ generation }: Landed): boolean {
    if (this.#keys.has(generation)) return false;
    this.#keys.add(generation);
    return true;
  }

  /** Whether what an attempt returned is still to be rolled back; it is not any more from then on. */
  takeOutput(attempt: Landed): boolean {
    if (this.#rolledBack.some((other) => this.#isOne || isSameEffect(attempt, other))) return false;
    this.#rolledBack.push(attempt);
    return true;
  }

  /** Whether an output has been rolled back that came under an attempt's key. */
  isRolledBack({ generation }: Landed): boolean {
    return this.#rolledBack.some((other) => other.generation === generation);
  }
}

/** Whether two attempts have had one effect: by their key, and by an output that says something. */
export function isSameEffect(a: Landed, b: Landed): boolean {
  const raw = a.result?.raw ?? undefined;
  try {
    return raw !== undefined && a.generation === b.generation && isEqual(raw, b.result?.raw);
  } catch {
    return false; // a getter of the user's may throw
  }
}
