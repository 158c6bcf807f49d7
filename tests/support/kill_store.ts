import type { Store } from "@runsheet/runsheet/durable";

/** A table in memory whose workers can be killed. */
export class Table {
  readonly rows: Map<string, string[]> = new Map();
  readonly ended: Set<string> = new Set();

  /** A worker's access to the table; once it has been killed, it gets no answers. */
  worker(killAt?: number): KillableStore {
    return new KillableStore(this, killAt ?? Infinity);
  }

  /** Ends the leases of all workers. */
  endLeases(): void {
    for (const [runId, rows] of this.rows) this.rows.set(runId, rows.map(endLeases));
  }
}

/** Dies at its n-th append: before it, or after it has been written. */
export class KillableStore implements Store {
  readonly #table: Table;
  readonly #killAt: number;
  /** The number of appends. */
  appends = 0;
  isDead = false;
  /** Resolves when it dies. */
  readonly death: Promise<void>;
  #die!: () => void;

  constructor(table: Table, killAt: number) {
    this.#table = table;
    this.#killAt = killAt;
    this.death = new Promise((resolve) => this.#die = resolve);
  }

  /**
   * Its leases end at once, so that no test has to wait for them, or to be faster than they are.
   */
  kill(): void {
    this.isDead = true;
    this.#table.endLeases();
    this.#die();
  }

  async load(runId: string, from: number): Promise<readonly string[]> {
    await undefined;
    if (this.isDead) return never();
    return (this.#table.rows.get(runId) ?? []).slice(from);
  }

  async append(runId: string, seq: number, row: string, isEnd?: boolean): Promise<boolean> {
    await undefined;
    const isLast = this.appends === Math.floor(this.#killAt);
    if (isLast && Number.isInteger(this.#killAt)) this.kill();
    if (this.isDead) return never();
    this.appends++;
    const rows = this.#table.rows.get(runId) ?? [];
    if (rows.length !== seq) return false;
    this.#table.rows.set(runId, [...rows, row]);
    if (isEnd) this.#table.ended.add(runId);
    if (isLast) {
      this.kill();
      return never();
    }
    return true;
  }

  async list({ open }: { readonly open: boolean }): Promise<Iterable<string>> {
    await undefined;
    if (this.isDead) return never();
    return [...this.#table.rows.keys()].filter((id) => !open || !this.#table.ended.has(id));
  }
}

/** A row whose leases have expired. */
export function endLeases(row: string): string {
  return row.replace(/("kind":"lease","owner":"[^"]*","until":)\d+/g, "$10");
}

function never(): Promise<never> {
  return new Promise(() => {});
}
