import type { Call } from "../../api/host.ts";
import { parseId, stepOf, stepPath } from "../../run/paths.ts";
import { isEqual } from "../../values/equal.ts";
import type { Case } from "./cases.ts";
import type { SweptCall } from "./faults.ts";
import type { FaultHost } from "./fault_host.ts";
import type { Observed } from "./observed.ts";
import type { SweepRow } from "./report.ts";

/** Facts about the step with the fault. */
export interface StepFacts {
  /** Whether any of its undos is called when the run fails later. */
  readonly canUndo: boolean;
  /** Whether it is declared `idempotent`. */
  readonly isIdempotent: boolean;
}

/** The likely causes of a bug and their remedies. */
export function hintsOf(
  { call, fault }: Case,
  { host }: Observed,
  { outcome, left }: Pick<SweepRow, "outcome" | "left">,
  { canUndo, isIdempotent }: StepFacts,
): readonly string[] {
  if (fault === "hang" && outcome === "hangs") {
    const { isOfResource }: SweptCall = call;
    return [`${isOfResource ? "a release" : "an undo"} that is asynchronous needs a 'timeout'`];
  }
  const step = stepOf(call.path);
  const own = left.filter(({ by }) => by !== undefined && stepOf(by) === step);
  // A missing undo is reported once, for the step itself.
  if (call.kind === "undo" || own.length === 0 || !canUndo) return [];
  if (outcome !== "left" && outcome !== "differs") return [];
  const shared = sharedEffect(step, host);
  const isDouble = own.some(({ amount }) => amount > (outcome === "differs" ? 0 : 1));
  if (shared !== undefined && isIdempotent && isDouble) {
    return [
      `two attempts asked for '${shared}': is it one effect, as 'idempotent: true' promises?`,
    ];
  }
  if (own.some(({ amount }) => amount < 0)) {
    return shared === undefined || isIdempotent ? [] : [howToShare(shared, step, host)];
  }
  if (host.wire.overtaken.has(step)) {
    return [
      "its signal gave up the answer, and the effect came after any undo: let the undo forbid it (a void by its key, in " +
      "an 'undoByKey'), or pass no signal on",
    ];
  }
  const hasFailed = fault === "before" || fault === "after" || host.wire.unanswered.has(step);
  return hasFailed ? [whyNotUndone(step, fault, host)] : [];
}

function whyNotUndone(step: string, fault: Case["fault"], { calls }: FaultHost): string {
  const undo = calls.find(({ id, kind }) => {
    const { path = "", undo } = parseId(id) ?? {};
    return kind === "undo" && stepPath(path) === step && (undo === "key" || undo === "defer");
  });
  if (undo) return `'${undo.id}' was called, and has not undone it`;
  const isOne = `, or, if the effect and its success are one (a transaction), say except: ${
    JSON.stringify(`${step}: after`)
  }`;
  return "a step that fails is not rolled back: give it an 'undoByKey', or let it 'defer' the undo before the effect" +
    (fault === "after" ? isOne : "");
}

/** An effect that several attempts of a step requested. */
function sharedEffect(step: string, { wire }: FaultHost): string | undefined {
  const asked = wire.effects.filter(({ call }) => call.kind !== "undo" && call.path === step);
  return asked.find(({ what, call }) =>
    asked.some((other) => other.what === what && other.call.attempt !== call.attempt)
  )?.what;
}

/** Explains that undoing one attempt also removed the effect of the other. */
function howToShare(what: string, step: string, { calls, values }: FaultHost): string {
  const undone = calls.find((call) => call.kind === "undo" && call.path === step && isOutput(call));
  const success = values.get(step);
  const differ = undone && success !== undefined && !isEqual(undone.output, success)
    ? ", and returned different outputs: let them return the same for the same id, or say"
    : ": send 'key' for it, which is another one after an undo, or, if the same id is one effect, say";
  return `two attempts asked for '${what}'${differ} 'idempotent: true'`;
}

function isOutput({ output }: Call): boolean {
  return typeof output === "object" && output !== null;
}
