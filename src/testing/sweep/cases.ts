import type { Call } from "../../api/host.ts";
import { stepOf, withoutIndexes } from "../../run/paths.ts";
import type { Effect } from "./effect.ts";
import type { Totals } from "./totals.ts";
import { effectFaultsOf, type Fault, faultsOf, words } from "./faults.ts";

/** A fault in a place. */
export interface Case {
  /** The call that goes wrong. */
  readonly call: Call;
  /** The effect in it that goes wrong, if it is not the whole call. */
  readonly effect?: Effect | undefined;
  /** What goes wrong. */
  readonly fault: Fault;
  /** All that goes wrong in the run: the attempts before it fail, too. */
  readonly plan: ReadonlyMap<string, Fault>;
  /** What it would have undone, if it is an undo that a run without faults does not have. */
  readonly allowed?: Totals | undefined;
}

/** Which cases are wanted. */
export interface Wanted {
  readonly faults: readonly Fault[];
  readonly only: readonly string[] | undefined;
  readonly except: readonly string[];
}

/** The id of the call or the effect that goes wrong. */
export function idOf({ call, effect }: Case): string {
  return (effect ?? call).id;
}

/** The cases of a call and of its effects; `plan` is what makes the run come there. */
export function casesOf(
  call: Call,
  effects: readonly Effect[],
  { plan, allowed }: Pick<Case, "plan" | "allowed"> = { plan: new Map() },
): Case[] {
  const caseOf = (fault: Fault, effect?: Effect): Case => ({
    call,
    effect,
    fault,
    allowed,
    plan: new Map([...plan, [(effect ?? call).id, fault]]),
  });
  return [
    ...faultsOf(call).map((fault) => caseOf(fault)),
    ...effects.filter((effect) => effect.call.id === call.id)
      .flatMap((effect) => effectFaultsOf(effect).map((fault) => caseOf(fault, effect))),
  ];
}

/** Whether a case is wanted. */
export function isWanted(one: Case, { faults, only, except }: Wanted): boolean {
  return faults.includes(one.fault) && (!only || only.some((pattern) => matches(pattern, one))) &&
    !except.some((pattern) => matches(pattern, one));
}

/** Whether a case may lead to what a pattern stands for, if that is nothing that every run has. */
export function leadsTo(pattern: string, { call }: Case): boolean {
  const [path] = /^[^@!~]*/.exec(targetOf(pattern).target)!;
  const step = stepOf(call.path);
  return path === step || path === withoutIndexes(step);
}

/**
 * A pattern is the id of a call or an effect or the path of a step, with the indexes of items or without, and a fault or
 * none. With a fault a path means what the step does, not its undo: that is `step!undo`; and the id of a call means the
 * call itself, and none of its effects.
 */
export function matches(pattern: string, one: Case): boolean {
  const wanted = targetOf(pattern);
  const { call, effect, fault } = one;
  if (wanted.fault !== undefined && wanted.fault !== fault) return false;
  const step = stepOf(call.path);
  const names = [idOf(one)];
  if (effect && wanted.fault === undefined) names.push(call.id);
  // The id of an item is its path, too.
  if (effect && wanted.fault !== undefined && wanted.target === call.id) return false;
  if (call.kind !== "undo" || wanted.fault === undefined) names.push(step);
  if (call.path !== step) names.push(call.path);
  return names.some((name) => name === wanted.target || withoutIndexes(name) === wanted.target);
}

function targetOf(pattern: string): { target: string; fault: string | undefined } {
  const colon = pattern.lastIndexOf(": ");
  const fault = pattern.slice(colon + 2);
  // A step may have such a name.
  if (colon < 0 || !Object.hasOwn(words, fault)) return { target: pattern, fault: undefined };
  return { target: pattern.slice(0, colon), fault };
}

/** So many of the cases, in order, the same for the same seed. */
export function sampleOf(cases: readonly Case[], count: number, seed: number): Case[] {
  const random = randoms(seed);
  const drawn = cases.map((one, n) => ({ one, n, lot: random() }));
  return drawn.sort((a, b) => a.lot - b.lot).slice(0, count).sort((a, b) => a.n - b.n)
    .map(({ one }) => one);
}

/** The same numbers for the same seed, from 0 to 1 (mulberry32). */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
