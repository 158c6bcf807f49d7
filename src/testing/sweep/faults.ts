import type { Call } from "../../api/host.ts";

/**
 * What a sweep makes go wrong. In a step, an item or an undo: `"before"` throws before it does anything, `"after"`
 * throws when it has done all. In a step with a `timeout`: `"late"` gives it up by a timeout, and it comes out all the
 * same. In a step: `"invalid"` makes its output one that is refused, with every field still in it. In a step, an item
 * or a predicate: `"abort"` aborts the caller's signal while it runs. In an undo: `"hang"` gives it up when its
 * `timeout` is over, and it comes out all the same. At the end of a run that has no other fault: `"end"` makes the run
 * fail there.
 */
export type Fault = "before" | "after" | "late" | "invalid" | "abort" | "hang" | "end";

/** What a fault is, as the rest of a sentence. */
export const words: Readonly<Record<Fault, string>> = Object.freeze({
  before: "throws before it does anything",
  after: "throws after its effect",
  late: "times out, and lands late",
  invalid: "returns an output that is refused",
  abort: "is running when the caller aborts",
  hang: "hangs",
  end: "fails at its end",
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
