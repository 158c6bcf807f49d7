import { stepOf } from "../../run/paths.ts";
import { type Case, withoutIndexes } from "./cases.ts";
import type { Observed } from "./observed.ts";
import type { SweepEffect, SweepRow } from "./report.ts";

/** What may be the cause of a bug, and what to do about it. */
export function hintsOf(
  { call, fault }: Case,
  { host }: Observed,
  { outcome, left }: Pick<SweepRow, "outcome" | "left">,
  effects: readonly SweepEffect[],
): readonly string[] {
  if (fault === "hang" && outcome === "hangs") {
    return ["an undo that is asynchronous needs a 'timeout'"];
  }
  const step = stepOf(call.path);
  const isOwn = left.some(({ by, amount }) => by === step && amount > 0);
  // That it has no undo is said of the step itself, once.
  if (call.kind === "undo" || !isOwn || !canUndo(withoutIndexes(step), effects)) return [];
  if (host.wire.overtaken.has(step)) {
    return [
      "its signal gave up the answer, and the effect came after any undo: 'defer' one that forbids it (a void by its " +
      "key), or pass no signal on",
    ];
  }
  const hasFailed = fault === "before" || fault === "after" || host.wire.unanswered.has(step);
  if (outcome !== "left" || !hasFailed) return [];
  const isOne = `, or, if the effect and its success are one (a transaction), say except: ${
    JSON.stringify(`${step}: after`)
  }`;
  return [
    "a step that fails is not rolled back: let it 'defer' the undo before the effect" +
    (fault === "after" ? isOne : ""),
  ];
}

function canUndo(step: string, effects: readonly SweepEffect[]): boolean {
  return effects.some((one) => one.step === step && one.hasUndo);
}
