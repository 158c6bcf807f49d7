import type { LateReport } from "../api/late_report.ts";
import { cast } from "../values/cast.ts";
import type { Watch } from "./watch.ts";

/** The run of the step that a run is inside. */
export interface OuterRun {
  trackLate(late: Promise<unknown>, limit?: () => void): void;
  tellLate(report: LateReport): void;
}

/** The attempt of a step that a run is inside. */
export interface Around {
  readonly path: string;
  readonly scope: { readonly run: OuterRun };
  readonly watch?: Watch | undefined;
  readonly effect: { readonly idempotent?: boolean | undefined };
  /** The runs inside it, once there is one. */
  inside?: RunsInside | undefined;
}

/** The runs inside one attempt. */
export class RunsInside {
  /** The number of runs that have begun. */
  count = 0;
  /** The runs that have not ended, and whether each ends with the attempt's signal. */
  readonly #open = new Map<Promise<void>, boolean>();

  add(running: Promise<unknown>, isFollowing: boolean): void {
    const end = () => void this.#open.delete(ending);
    const ending: Promise<void> = running.then(end, end);
    this.#open.set(ending, isFollowing);
  }

  /** Waits for the runs that end with the attempt's signal, and for what they undo. */
  async end(): Promise<void> {
    await Promise.all([...this.#open].map(([ending, isFollowing]) => isFollowing && ending));
  }

  /** Hands the runs that the attempt has not waited for to the outer run. */
  handOver(outer: OuterRun): void {
    for (const ending of this.#open.keys()) outer.trackLate(ending);
  }
}

const around: unique symbol = Symbol("around");

interface Owned {
  [around]?: () => Around;
}

/**
 * Remembers the attempt that a `defer` belongs to: a run inside a step is recognized by it, as it
 * survives a spread of the step's info. A property, as an entry of a `WeakMap` takes longer.
 */
export function noteAround<Defer extends object>(defer: Defer & Owned, attempt: Around): Defer {
  defer[around] = () => attempt;
  return defer;
}

/** The attempt that a `defer` belongs to. */
export function aroundOf(defer: unknown): Around | undefined {
  return cast<Owned | undefined>(defer)?.[around]?.();
}
