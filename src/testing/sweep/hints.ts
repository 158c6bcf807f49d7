import type { Call } from "../../api/host.ts";
import { stepOf, withoutIndexes } from "../../run/paths.ts";
import { isEqual } from "../../values/equal.ts";
import type { Case } from "./cases.ts";
import type { FaultHost } from "./fault_host.ts";
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
  const own = left.filter(({ by }) => by !== undefined && stepOf(by) === step);
  // That it has no undo is said of the step itself, once.
  const canUndo = effects.some((one) => one.step === withoutIndexes(step) && one.hasUndo);
  if (call.kind === "undo" || own.length === 0 || !canUndo) return [];
  if (own.some(({ amount }) => amount < 0)) return sharedEffect(step, host);
  if (host.wire.overtaken.has(step)) {
    return [
      "its signal gave up the answer, and the effect came after any undo: let the undo forbid it (a void by its key, in " +
      "an 'undoByKey'), or pass no signal on",
    ];
  }
  const hasFailed = fault === "before" || fault === "after" || host.wire.unanswered.has(step);
  if (outcome !== "left" && outcome !== "differs" || !hasFailed) return [];
  const isOne = `, or, if the effect and its success are one (a transaction), say except: ${
    JSON.stringify(`${step}: after`)
  }`;
  return [
    "a step that fails is not rolled back: give it an 'undoByKey', or let it 'defer' the undo before the effect" +
    (fault === "after" ? isOne : ""),
  ];
}

/** Attempts that asked for the same thing: what one of them undid, the other has not any more. */
function sharedEffect(step: string, { wire, calls, values }: FaultHost): readonly string[] {
  const asked = wire.effects.filter(({ call }) => call.kind !== "undo" && call.path === step);
  const shared = asked.find(({ what, call }) =>
    asked.some((other) => other.what === what && other.call.attempt !== call.attempt)
  );
  if (!shared) return [];
  const undone = calls.find((call) => call.kind === "undo" && call.path === step && isOutput(call));
  const success = values.get(step);
  const differ = undone && success !== undefined && !isEqual(undone.output, success)
    ? ", and returned different outputs: let them return the same for the same id, or say"
    : ": send 'key' for it, which is another one after an undo, or, if the same id is one effect, say";
  return [`two attempts asked for '${shared.what}'${differ} 'idempotent: true'`];
}

function isOutput({ output }: Call): boolean {
  return typeof output === "object" && output !== null;
}
