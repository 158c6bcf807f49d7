import { cast } from "../values/cast.ts";
import type { Run } from "./scope.ts";

/** Set by a test kit while it calls an undo; takes over a run inside a step that is undone by it. */
export const testKit: { takeOver?: ((run: Run, name: string) => void) | undefined } = {};

// The key is the undo of a run inside a step.
const holders = new WeakMap<object, (outer: Run) => void>();

/** Registers a callback for the run that takes an undo: that run must hold what the undo needs. */
export function noteHolder(undo: object, hold: (outer: Run) => void): void {
  holders.set(undo, hold);
}

/** Calls that callback, if there is one, for the run that has taken the undo. */
export function holdFor(undo: unknown, outer: Run): void {
  holders.get(cast(undo))?.(outer);
}
