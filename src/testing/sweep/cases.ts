import type { Call } from "../../api/host.ts";
import { stepOf, withoutIndexes } from "../../run/paths.ts";
import type { Effect } from "./effect.ts";
import type { Totals } from "./totals.ts";
import { effectFaultsOf, type Fault, faultsOf, words } from "./faults.ts";

/** A fault at a particular place. */
export interface Case {
  /** The call with the fault. */
  readonly call: Call;
  /** The effect with the fault, if it is not the whole call. */
  readonly effect?: Effect | undefined;
  readonly fault: Fault;
  /** All faults of the run by id, including those of earlier attempts. */
  readonly plan: ReadonlyMap<string, Fault>;
  /** For an undo that a run without faults does not call: the effects it would have undone. */
  readonly allowed?: Totals | undefined;
}

/** The user's selection of cases. */
export interface Wanted {
  readonly faults: readonly Fault[];
  readonly only: readonly string[] | undefined;
  readonly except: readonly string[];
}

/** The id of the call or effect with the fault. */
export function idOf({ call, effect }: Case): string {
  return (effect ?? call).id;
}

/** The cases of a call and its effects; `plan` has the faults that lead there. */
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

export function isWanted(one: Case, { faults, only, except }: Wanted): boolean {
  return faults.includes(one.fault) && (!only || only.some((pattern) => matches(pattern, one))) &&
    !except.some((pattern) => matches(pattern, one));
}

/** Whether running a case may lead to calls that match a pattern but do not occur in every run. */
export function leadsTo(pattern: string, { call }: Case): boolean {
  const [path] = /^[^@!~]*/.exec(targetOf(pattern).target)!;
  const step = stepOf(call.path);
  return path === step || path === withoutIndexes(step);
}

/**
 * Whether a pattern matches a case. A pattern is the id of a call or effect, or the path of a step,
 * with or without the indexes of items, optionally followed by a fault. With a fault, a path means
 * the step's own work and not its undo (`step!undo`), and a call's id means the call itself and not
 * its effects.
 */
export function matches(pattern: string, one: Case): boolean {
  const wanted = targetOf(pattern);
  const { call, effect, fault } = one;
  if (wanted.fault !== undefined && wanted.fault !== fault) return false;
  const step = stepOf(call.path);
  const names = [idOf(one)];
  if (effect && wanted.fault === undefined) names.push(call.id);
  // The id of an item is also its path.
  if (effect && wanted.fault !== undefined && wanted.target === call.id) return false;
  if (call.kind !== "undo" || wanted.fault === undefined) names.push(step);
  if (call.path !== step) names.push(call.path);
  return names.some((name) => name === wanted.target || withoutIndexes(name) === wanted.target);
}

function targetOf(pattern: string): { target: string; fault: string | undefined } {
  const colon = pattern.lastIndexOf(": ");
  const fault = pattern.slice(colon + 2);
  // A step's name may contain a colon.
  if (colon < 0 || !Object.hasOwn(words, fault)) return { target: pattern, fault: undefined };
  return { target: pattern.slice(0, colon), fault };
}

/** A random sample of the cases, in order; the same seed gives the same sample. */
export function sampleOf(cases: readonly Case[], count: number, seed: number): Case[] {
  const random = randoms(seed);
  const drawn = cases.map((one, n) => ({ one, n, lot: random() }));
  return drawn.sort((a, b) => a.lot - b.lot).slice(0, count).sort((a, b) => a.n - b.n)
    .map(({ one }) => one);
}

/** A seeded generator of numbers from 0 to 1 (mulberry32). */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
