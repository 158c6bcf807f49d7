import { type Codec, type Engine, engineHost } from "@runsheet/runsheet/durable";
import type { Host } from "@runsheet/runsheet";

const CANCEL = "!cancel";

/** An engine's record of one run. It identifies calls and waits only by their order. */
export class Journal {
  readonly #begun: string[] = [];
  readonly #outs: (readonly [id: string, out: unknown])[] = [];
  readonly #untils = new Map<string, number>();
  readonly #sent: unknown[] = [];
  #waiting: string | undefined;
  #onOut = () => {};

  /** Returns whether it has already settled. */
  begin(n: number, id: string): boolean {
    const before = this.#begun[n] ??= id;
    if (before !== id) throw new Error(`Cannot begin '${id}' as it must be '${before}'`);
    return this.#outs.some(([each]) => each === id);
  }

  put(id: string, out?: unknown): void {
    this.#outs.push([id, out]);
    this.#onOut();
  }

  until(id: string, ms: number): number {
    const until = this.#untils.get(id) ?? Date.now() + ms;
    this.#untils.set(id, until);
    return until;
  }

  send(data: unknown): void {
    this.#sent.push(data);
    if (this.#waiting !== undefined) this.receive(this.#waiting);
  }

  receive(id: string): void {
    this.#waiting = this.#sent.length > 0 ? undefined : id;
    if (this.#waiting === undefined) this.put(id, this.#sent.shift());
  }

  cancel(): void {
    this.put(CANCEL);
  }

  has(n: number): boolean {
    return n < this.#outs.length;
  }

  /** The first `count` outcomes, as plain data. */
  told(count: number): readonly { id?: string; out?: unknown }[] {
    return this.#outs.slice(0, count).map(([id, out]) => id === CANCEL ? {} : { id, out });
  }

  async out(n: number): Promise<readonly [id: string, out: unknown]> {
    while (!this.has(n)) await new Promise<void>((resolve) => this.#onOut = resolve);
    return this.#outs[n]!;
  }
}

/** Makes a call in another process, given what the run was told so far. */
export type Elsewhere = (
  id: string,
  told: readonly { id?: string; out?: unknown }[],
) => Promise<string>;

/** The host of a run over a journal, for one worker. It makes calls here, or elsewhere. */
export function journalHost(
  journal: Journal,
  mortal: Journal,
  codec: Codec,
  elsewhere?: Elsewhere,
): Host {
  const cancelled = new AbortController();
  let begun = 0;
  let delivered = 0;
  const calls: (() => void)[] = [];
  const put = (id: string, out?: unknown) =>
    void Promise.resolve(mortal.put(id, out)).catch(() => {});
  const engine: Engine<void> = {
    name: "saga",
    lateMs: 5_000,
    signal: cancelled.signal,
    call({ id }, make) {
      if (journal.begin(begun++, id)) return;
      const told = () => journal.told(delivered);
      const made = () => elsewhere ? elsewhere(id, told()) : make();
      calls.push(() => void made().then((text) => put(id, text)));
    },
    sleep(id, ms) {
      if (journal.begin(begun++, id)) return;
      setTimeout(() => put(id), Math.max(0, journal.until(id, ms) - Date.now()));
    },
    event(id) {
      if (!journal.begin(begun++, id)) journal.receive(id);
    },
    async next() {
      if (!journal.has(delivered)) { for (const call of calls.splice(0)) call(); }
      const out = await mortal.out(delivered++);
      if (out[0] !== CANCEL) return [out];
      cancelled.abort();
      return [];
    },
  };
  return engineHost(engine, codec);
}
