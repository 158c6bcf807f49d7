import type { Call } from "../../api/host.ts";
import type { Effect } from "./effect.ts";

/**
 * A fault that a sweep injects.
 *
 * Into a call:
 * - `"before"`: a step, item or undo throws before it does anything.
 * - `"after"`: a step, item or undo throws after all its effects.
 * - `"late"`: a step with a `timeout` is given up by it, and still lands.
 * - `"invalid"`: the output of a step is invalid, but has all its fields.
 * - `"abort"`: the caller's signal aborts while a step, item or predicate runs.
 * - `"hang"`: an undo is given up by its `timeout`, and still lands.
 * - `"end"`: the run, which has no other fault, fails at its end.
 *
 * Into each effect that a step or item requests from a `ledger()`:
 * - `"before"`: the effect fails.
 * - `"after"`: the effect happens, but the answer gets lost.
 * - `"late"`: the step is given up while it waits for the answer, which arrives in the end.
 * - `"overtaken"`: the step is given up while the request is on its way. The effect happens after
 *   everything else, even after the undo.
 *
 * A step without a `timeout` is given up by the caller's abort.
 */
export type Fault =
  | "before"
  | "after"
  | "late"
  | "overtaken"
  | "invalid"
  | "abort"
  | "hang"
  | "end";

/** Describes a fault in a call, as the rest of a sentence. */
export const words: Readonly<Record<Fault, string>> = Object.freeze({
  before: "throws before it does anything",
  after: "throws after its effect",
  late: "times out, and lands late",
  overtaken: "is given up, and its effect happens after its undo",
  invalid: "returns an output that is refused",
  abort: "is running when the caller aborts",
  hang: "hangs",
  end: "fails at its end",
});

/** Describes a fault in an effect, as the rest of a sentence. */
export const effectWords: Readonly<Partial<Record<Fault, string>>> = Object.freeze({
  before: "fails",
  after: "happens, and the answer gets lost",
  late: "happens, and the answer comes too late",
  overtaken: "is given up, and happens after all else",
});

export const allFaults: readonly Fault[] = Object.freeze(Object.keys(words) as Fault[]);

const byKind: Readonly<Record<Call["kind"], readonly Fault[]>> = {
  attempt: ["before", "after", "late", "invalid", "abort"],
  item: ["before", "after", "abort"],
  predicate: ["before", "abort"],
  undo: ["before", "after", "hang"],
  args: [],
  collection: [],
};

/** A call and what only the engine knows of it. */
export interface SweptCall extends Call {
  /** Whether it acquires or releases a resource. */
  readonly isOfResource?: true;
  /** Whether it undoes a run inside a step, whose undos are calls of their own. */
  isOfRun?: true;
  /** For an undo of a run inside a step: the id of the call that undoes the run. */
  readonly within?: string;
}

/** The faults that a call can have. */
export function faultsOf({ kind, timeout, isOfResource, isOfRun }: SweptCall): readonly Fault[] {
  const faults = kind === "attempt" && isOfResource ? ofAcquisitions : byKind[kind];
  return faults.filter((fault) =>
    fault === "late" ? timeout !== undefined : fault !== "hang" || !isOfRun
  );
}

/**
 * The faults of acquisitions. Not `"after"`: a resource that was never returned is not released.
 */
const ofAcquisitions: readonly Fault[] = ["before", "late", "abort"];

/** The faults that an effect can have. */
export function effectFaultsOf({ call, number }: Effect): readonly Fault[] {
  const { kind, isOfResource }: SweptCall = call;
  switch (kind) {
    case "attempt":
    case "item":
      return isOfResource ? ["before", "late"] : ["before", "after", "late", "overtaken"];
    case "undo":
      // Only between its effects; the other faults concern the whole undo.
      return number > 1 ? ["before"] : [];
    default:
      return [];
  }
}
