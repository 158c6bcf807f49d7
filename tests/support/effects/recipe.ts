import { type Gateway, type GatewayKind, Refused } from "./gateway.ts";

/** How a step is undone that charges by a gateway of some kind: a row of the table in docs/failure.md. */
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

/** How long a gateway of the tests may take for anything, in milliseconds: what looks for an effect waits so long. */
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

/** What a gateway must hold when the run is over, in which these outputs stand. */
export function heldBy(gateway: Gateway, outputs: readonly string[]): readonly string[] | number {
  const { name, kind, charges } = gateway;
  const own = outputs.filter((output) => output.startsWith(`${name}:`));
  // "cannot be asked": what was done and never told is there, and nobody can know.
  const isBlind = kind === "plain" || kind === "counter";
  const lost = isBlind ? charges.filter(({ isLost }) => isLost).map(({ id }) => id) : [];
  return kind === "counter" ? own.length + lost.length : [...new Set([...own, ...lost])].sort();
}

/** What it does hold. */
export function holds({ kind, charges, balance }: Gateway): readonly string[] | number {
  return kind === "counter"
    ? balance
    : charges.filter(({ isLive }) => isLive).map(({ id }) => id).sort();
}
