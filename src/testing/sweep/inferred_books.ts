import type { Call } from "../../api/host.ts";
import type { LateReport } from "../../api/run.ts";
import { stepOf } from "../../run/paths.ts";
import type { Books, LedgerEntry } from "./ledger.ts";

/**
 * What stands, as far as the calls tell: an attempt of a step that has an undo is an effect, and stands until an undo of
 * that attempt succeeds. Steps without an undo are taken to have no effect.
 */
export class InferredBooks implements Books {
  readonly #undoable = new Set<string>();
  readonly #standing = new Map<string, string[]>();

  /** Before every call: a step that is undone once is one that can be. */
  learn({ kind, path }: Call): void {
    if (kind === "undo") this.#undoable.add(stepOf(path));
  }

  /** After every call that did succeed, whatever the run was told. */
  done({ kind, path, id }: Call): void {
    if (kind === "undo") this.#undone(stepOf(path), id);
    else if (kind !== "predicate") this.#happened(path, id);
  }

  /** Once an attempt that had been given up has come out. */
  late({ step, attempt, outcome }: LateReport): void {
    if (outcome === "adopted" || outcome === "failed" || outcome === "no-handler") {
      this.#happened(step, `${step}@${attempt}`);
    }
  }

  left(): readonly LedgerEntry[] {
    return [...this.#standing].filter(([path]) => this.#undoable.has(path)).flatMap(([, ids]) =>
      ids.map((id) => ({ effect: "effect of", id, amount: 1 }))
    );
  }

  clear(): void {
    this.#standing.clear();
  }

  #happened(path: string, id: string): void {
    this.#standing.set(path, [...this.#standing.get(path) ?? [], id]);
  }

  /** `step@2!defer1` undoes the second attempt, `step!undo` the one that has succeeded: the latest. */
  #undone(path: string, id: string): void {
    const standing = this.#standing.get(path) ?? [];
    const [attempt] = /^@\d+(?=!)/.exec(id.slice(path.length)) ?? [];
    const gone = attempt === undefined ? standing.at(-1) : `${path}${attempt}`;
    this.#standing.set(path, standing.filter((id) => id !== gone));
  }
}
