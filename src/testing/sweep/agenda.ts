import type { Call } from "../../api/host.ts";
import { refuse } from "../../report/checks.ts";
import { baseOf, parseId, stepPath } from "../../run/paths.ts";
import {
  type Case,
  casesOf,
  idOf,
  isWanted,
  leadsTo,
  matches,
  sampleOf,
  type Wanted,
} from "./cases.ts";
import type { Observed } from "./observed.ts";

/** The limits on the number of cases. */
export interface Bounds {
  readonly maxCases: number;
  readonly sample: { readonly count: number; readonly seed: number } | undefined;
}

/** The cases still to be run. Some are only discovered by running others. */
export class Agenda {
  readonly #action: string;
  readonly #wanted: Wanted;
  readonly #maxCases: number;
  /** The wanted patterns that no known case matches yet. */
  #sought: readonly string[];
  readonly #all: Case[];
  readonly #queue: Case[];
  readonly #known: Set<string>;
  readonly #knownUndos: Set<string>;
  #taken = 0;

  /** `end` is the case that only fails at the end; the observed run is a run of it. */
  constructor(
    action: string,
    wanted: Wanted,
    end: Case,
    { host: { calls, wire } }: Observed,
    { maxCases, sample }: Bounds,
  ) {
    this.#action = action;
    this.#wanted = wanted;
    this.#maxCases = maxCases;
    this.#all = [end, ...calls.flatMap((call) => casesOf(call, wire.effects))];
    this.#sought = wanted.only ?? [];
    this.#seek();
    const due = this.#all.filter((one) => this.#isDue(one));
    this.#queue = sample ? sampleOf(due, sample.count, sample.seed) : due;
    this.#known = new Set(calls.map(({ id }) => id));
    this.#knownUndos = new Set(calls.filter(isUndo).map(undoOf));
  }

  /** Takes the next case. */
  take(): Case | undefined {
    const count = this.#taken + this.#queue.length;
    if (count > this.#maxCases) refuse(this.#action, tooMany(this.#maxCases), count);
    const one = this.#queue.shift();
    if (!one || this.isWanted(one)) {
      this.#taken++;
      return one;
    }
    return this.#isDue(one) ? one : this.take();
  }

  isWanted(one: Case): boolean {
    return isWanted(one, this.#wanted);
  }

  /**
   * Adds the cases that a run has discovered: another attempt, or a kind of undo not called before.
   */
  learn(one: Case, { host }: Observed): void {
    const more = host.calls.filter((call) => !this.#known.has(call.id)).flatMap((call) => {
      // A retry, or a call made only because something has failed, such as an alternative.
      if (isRetryOf(call, one.call) || isNew(call)) {
        return casesOf(call, host.wire.effects, one);
      }
      const allowed = host.undone.get(call.id);
      // An undo that had nothing to undo may be called again when there is something.
      if (!isUndo(call) || this.#knownUndos.has(undoOf(call)) || !isAny(allowed)) return [];
      return casesOf(call, host.wire.effects, { plan: one.plan, allowed });
    });
    for (const { call } of more) {
      this.#known.add(call.id);
      if (isUndo(call)) this.#knownUndos.add(undoOf(call));
    }
    this.#all.push(...more);
    this.#seek();
    this.#queue.unshift(...more.filter((one) => this.#isDue(one)));
  }

  /** Throws if a pattern matches no case. */
  checkPatterns(): void {
    const { only = [], except } = this.#wanted;
    for (const pattern of [...only, ...except]) {
      if (this.#all.some((one) => matches(pattern, one))) continue;
      const ids = [...new Set(this.#all.map(idOf))].join(", ");
      const constraint = `'only' and 'except' must name one of its calls [${ids}], and a fault`;
      refuse(this.#action, constraint, pattern);
    }
  }

  #seek(): void {
    this.#sought = this.#sought.filter((pattern) =>
      !this.#all.some((one) => matches(pattern, one))
    );
  }

  #isDue(one: Case): boolean {
    if (this.isWanted(one)) return true;
    return isWanted(one, { ...this.#wanted, only: undefined }) &&
      this.#sought.some((pattern) => leadsTo(pattern, one));
  }
}

function isUndo({ kind }: Call): boolean {
  return kind === "undo";
}

/** Identifies an undo regardless of its attempt. */
function undoOf({ id }: Call): string {
  const { path, undo, defer = "" } = parseId(id)!;
  return `${stepPath(path)}!${undo}${defer}`;
}

/** A limit for endless retries. More attempts would reveal nothing new. */
const MOST_ATTEMPTS = 10;

function isRetryOf(call: Call, first: Call): boolean {
  return call.attempt === first.attempt + 1 && call.attempt <= MOST_ATTEMPTS &&
    baseOf(call) === baseOf(first);
}

/** Whether it is the first attempt of a call, in a pipeline that is not retried endlessly. */
function isNew(call: Call): boolean {
  const attempts = [...call.id.matchAll(/@(\d+)\//g)].map(([, attempt]) => Number(attempt));
  return !isUndo(call) && call.attempt === 1 && Math.max(...attempts, 1) <= MOST_ATTEMPTS;
}

function isAny(totals: ReadonlyMap<string, number> = new Map()): boolean {
  return [...totals.values()].some((amount) => amount > 0);
}

function tooMany(maxCases: number): string {
  return `its cases must be no more than 'maxCases', ${maxCases}, or it must take a 'sample'`;
}
