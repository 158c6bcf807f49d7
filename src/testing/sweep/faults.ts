import type { Call } from "../../api/host.ts";
import type { Effect } from "./effect.ts";

/**
 * What a sweep makes go wrong. In a step, an item or an undo: `"before"` throws before it does anything, `"after"`
 * throws when it has done all. In a step with a `timeout`: `"late"` gives it up by a timeout, and it comes out all the
 * same. In a step: `"invalid"` makes its output one that is refused, with every field still in it. In a step, an item
 * or a predicate: `"abort"` aborts the caller's signal while it runs. In an undo: `"hang"` gives it up when its
 * `timeout` is over, and it comes out all the same. At the end of a run that has no other fault: `"end"` makes the run
 * fail there.
 *
 * In each effect that a step or an item writes to a `ledger()`: `"before"` makes it fail, `"after"` loses the answer,
 * `"late"` gives the step up while it waits for the answer, which comes in the end, and `"overtaken"` while the request
 * is on its way: the effect happens when all else is done, the undo too. Where there is no `timeout`, the caller aborts.
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

/** What a fault in a call is, as the rest of a sentence. */
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

/** What a fault in an effect is. */
export const effectWords: Readonly<Partial<Record<Fault, string>>> = Object.freeze({
  before: "fails",
  after: "happens, and the answer gets lost",
  late: "happens, and the answer comes too late",
  overtaken: "is given up, and happens after all else",
});

/** All of them. */
export const allFaults: readonly Fault[] = Object.freeze(Object.keys(words) as Fault[]);

const byKind: Readonly<Record<Call["kind"], readonly Fault[]>> = {
  attempt: ["before", "after", "late", "invalid", "abort"],
  item: ["before", "after", "abort"],
  predicate: ["before", "abort"],
  undo: ["before", "after", "hang"],
};

/** What can go wrong in a call. */
export function faultsOf({ kind, timeout }: Call): readonly Fault[] {
  return byKind[kind].filter((fault) => fault !== "late" || timeout !== undefined);
}

/** What can go wrong in an effect. */
export function effectFaultsOf({ call: { kind }, number }: Effect): readonly Fault[] {
  switch (kind) {
    case "attempt":
    case "item":
      return ["before", "after", "late", "overtaken"];
    case "undo":
      // Only between its effects: what else may happen are faults of the whole undo.
      return number > 1 ? ["before"] : [];
    case "predicate":
      return [];
  }
}
