import type { Watch } from "./watch.ts";

// A run inside a step is recognized by the `defer` of that step's info, which survives a spread.
const watches = new WeakMap<object, Watch>();

/** Remembers the span of the attempt that a `defer` belongs to. */
export function noteWatch<Defer extends object>(defer: Defer, watch: Watch | undefined): Defer {
  if (watch) watches.set(defer, watch);
  return defer;
}

/** The span of the attempt that a run is inside; `undefined` if nobody observes it. */
export function watchAround(defer: unknown): Watch | undefined {
  return typeof defer === "function" ? watches.get(defer) : undefined;
}
