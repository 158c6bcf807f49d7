import type { Call, Host, Outcome } from "../api/host.ts";

/** A call of user code with its outcome. */
export interface RecordedCall extends Call {
  /** The outcome as far as the run waited for it. */
  readonly outcome: Outcome;
}

/** A host that records the calls of the runs it is passed to. */
export interface Recorder extends Host {
  /** All calls, including failed ones, in the order in which they settled. */
  readonly calls: readonly RecordedCall[];
  /** All waits, such as those before retries. They take no time. */
  readonly waits: readonly {
    /** The id of the wait. */
    readonly id: string;
    /** The delay it stands for, in milliseconds. */
    readonly ms: number;
  }[];
  /** The ids of successful effects and undos, in the order in which they settled. */
  readonly order: readonly string[];
  /** Clears the record. */
  clear(): void;
}

/**
 * Makes a recorder of effects and undos at every depth. It is a host, to be passed to `run()`,
 * because a middleware sees only a pipeline's direct children: no undos, no single attempts, and no
 * nested steps.
 *
 * @returns A recorder. Several runs may share it; its waits end immediately.
 *
 * @example Check the order of undos
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
