import type { Call } from "../../api/host.ts";
import type { LateReport } from "../../api/late_report.ts";
import { attemptId, parseId, stepOf } from "../../run/paths.ts";
import type { Books, LedgerEntry } from "./ledger.ts";

/**
 * Infers effects from calls: an attempt of a step that has an undo counts as an effect until an
 * undo of that attempt succeeds. Steps without an undo count as having no effects.
 */
export class InferredBooks implements Books {
  readonly #undoable: Set<string>;
  /** The effects by path, each with the id of its attempt and, unless it landed late, its key. */
  readonly #standing = new Map<string, { readonly id: string; readonly key?: string }[]>();

  /** Steps that declare an undo have one, even if a run without faults never calls it. */
  constructor(undoable: Iterable<string>) {
    this.#undoable = new Set(undoable);
  }

  /** Called before every call. A step that is undone once has an undo. */
  learn({ kind, path }: Call): void {
    if (kind === "undo") this.#undoable.add(stepOf(path));
  }

  /** Called after every call that actually succeeded, even if the run received a failure. */
  done(call: Call): void {
    const { kind, path, id, key } = call;
    if (kind === "undo") this.#undone(stepOf(path), call);
    else if (kind !== "predicate") this.#happened(path, id, key);
  }

  /** Called with the outcome of each abandoned attempt. */
  late({ step, attempt, outcome }: LateReport): void {
    if (outcome === "adopted" || outcome === "failed" || outcome === "no-handler") {
      this.#happened(step, attemptId(step, attempt));
    }
  }

  left(): readonly LedgerEntry[] {
    return [...this.#standing].filter(([path]) => this.#undoable.has(path)).flatMap(([, all]) =>
      all.map(({ id }) => ({ effect: "effect of", id, amount: 1 }))
    );
  }

  clear(): void {
    this.#standing.clear();
  }

  #happened(path: string, id: string, key?: string): void {
    this.#standing.set(path, [...this.#standing.get(path) ?? [], {
      id,
      ...key !== undefined && { key },
    }]);
  }

  /**
   * `step@2!defer1` undoes the second attempt. `step!undo` and `step!key` undo the latest that
   * succeeded with the key, which is none if that attempt was given up.
   */
  #undone(step: string, { id, effectKey }: Call): void {
    const standing = this.#standing.get(step) ?? [];
    const { path = "", attempt } = parseId(id) ?? {};
    const gone = attempt === undefined
      ? [standing.findLast(({ key }) => key === undefined || key === effectKey)?.id]
      : [path, step].map((path) => attemptId(path, attempt)); // Late reports name the step.
    this.#standing.set(step, standing.filter(({ id }) => !gone.includes(id)));
  }
}
