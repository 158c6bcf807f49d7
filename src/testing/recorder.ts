import type { Call, Host, Outcome } from "../api/host.ts";

/** A call of the user's code, and what it came to. */
export interface RecordedCall extends Call {
  /** What it came to, as far as the run waited for it. */
  readonly outcome: Outcome;
}

/** A host that keeps what happens in the runs that it is given to. */
export interface Recorder extends Host {
  /** Every call, failed ones too, in the order in which they came out. */
  readonly calls: readonly RecordedCall[];
  /** Every wait before a retry. No time passes in them. */
  readonly waits: readonly {
    /** The wait's id. */
    readonly id: string;
    /** How long it would have been, in milliseconds. */
    readonly ms: number;
  }[];
  /** The ids of the effects and undos that succeeded, in the order in which they came out. */
  readonly order: readonly string[];
  /** Forgets everything. */
  clear(): void;
}

/**
 * Makes a recorder of the order of effects and undos, at every depth. It is a host, not a middleware: a middleware sees
 * the runs of a pipeline's direct children, but no undo, no single attempt, and nothing inside them. Give it to `run`.
 *
 * @returns A recorder. Several runs may share it; its waits before retries are over at once.
 *
 * @example What is undone, and in which order
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { recorder } from "@runsheet/runsheet/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const reserve = step({ name: "reserve", run: () => {}, rollback: () => {} });
 * const charge = step({ name: "charge", run: () => {}, rollback: () => {} });
 * const ship = step({ name: "ship", run: () => Promise.reject(new Error("no courier")) });
 *
 * const host = recorder();
 * await pipeline({ name: "checkout", steps: [reserve, charge, ship] }).run({}, { host });
 * assertEquals(host.order, ["reserve@1", "charge@1", "charge!undo", "reserve!undo"]);
 * assertEquals(host.calls.map(({ id }) => id).slice(1, 3), ["charge@1", "ship@1"]);
 * ```
 */
export function recorder(): Recorder {
  const calls: RecordedCall[] = [];
  const waits: { id: string; ms: number }[] = [];
  return Object.freeze({
    calls,
    waits,
    get order() {
      const effects = calls.filter(({ kind, outcome }) => kind !== "predicate" && outcome.ok);
      return effects.map(({ id }) => id);
    },
    clear() {
      calls.length = 0;
      waits.length = 0;
    },
    async perform(call: Call, fn: () => Promise<Outcome>) {
      const outcome = await fn();
      calls.push({ ...call, outcome });
      return outcome;
    },
    sleep({ id }: { readonly id: string }, ms: number) {
      waits.push({ id, ms });
      return Promise.resolve();
    },
  });
}
