import { type Gateway, type GatewayKind, Refused } from "./gateway.ts";

/** How to undo a charge at a gateway of some kind: a row of the table in docs/failure.md. */
export interface Recipe {
  readonly rollback?: true;
  /** Whether it defers the undo by its key before it charges, or the refund after that. */
  readonly defers?: "before" | "after";
  readonly undoByKey?: { readonly afterMs: number };
  readonly idempotent?: true;
  /** Whether `signal` may be passed on. */
  readonly mayHeed?: true;
  readonly retryIf?: (errors: readonly Error[]) => boolean;
}

/**
 * The longest delay of a gateway in the tests, in milliseconds; an undo that looks for an effect
 * waits that long.
 */
export const HORIZON = 100;

const look = { afterMs: HORIZON };
const searched: Recipe = { rollback: true, undoByKey: look, mayHeed: true };

/** "retry only errors that prove nothing happened", "no signal passed on". */
const blind: Recipe = { retryIf: (errors) => errors.at(-1) instanceof Refused };

/** The recipes for a gateway of each kind. */
export const RECIPES: Readonly<Record<GatewayKind, readonly Recipe[]>> = {
  void: [
    { rollback: true, undoByKey: { afterMs: 0 }, mayHeed: true },
    { undoByKey: { afterMs: 0 }, mayHeed: true },
    { rollback: true, undoByKey: { afterMs: 0 }, mayHeed: true, idempotent: true },
    { defers: "before", mayHeed: true },
    { defers: "before", mayHeed: true, idempotent: true },
  ],
  replay: [{ ...searched, idempotent: true }],
  conflict: [searched],
  replay500: [searched],
  search: [searched],
  plain: [{ ...blind, rollback: true }, { ...blind, defers: "after" }],
  counter: [{ ...blind, rollback: true }, { ...blind, defers: "after" }],
};

/** The expected state of a gateway after a run that keeps these outputs. */
export function heldBy(gateway: Gateway, outputs: readonly string[]): readonly string[] | number {
  const { name, kind, charges } = gateway;
  const own = outputs.filter((output) => output.startsWith(`${name}:`));
  // "cannot be asked": effects that were never reported remain, and are unknown.
  const isBlind = kind === "plain" || kind === "counter";
  const lost = isBlind ? charges.filter(({ isLost }) => isLost).map(({ id }) => id) : [];
  return kind === "counter" ? own.length + lost.length : [...new Set([...own, ...lost])].sort();
}

/** Its actual state. */
export function holds({ kind, charges, balance }: Gateway): readonly string[] | number {
  return kind === "counter"
    ? balance
    : charges.filter(({ isLive }) => isLive).map(({ id }) => id).sort();
}
