import { RollbackError } from "../../report/errors.ts";
import { baseOf, stepOf, withoutIndexes } from "../../run/paths.ts";
import { beyondCommit } from "./beyond_commit.ts";
import { type Case, idOf } from "./cases.ts";
import type { SweptCall } from "./faults.ts";
import { hintsOf } from "./hints.ts";
import type { LedgerEntry } from "./ledger.ts";
import type { Observed } from "./observed.ts";
import { type Totals, totalsOf } from "./totals.ts";
import type { LeftEffect, SweepEffect, SweepOutcome, SweepRow } from "./report.ts";

/** Compares runs with faults to runs without. */
export class Judge {
  readonly #undone: Set<string>;
  readonly #cleanLeft: readonly LeftEffect[];
  readonly #doomed: Observed;
  readonly #idempotent: ReadonlySet<string>;
  readonly #clean: Totals;

  /**
   * `doomed` fails only at its end, `clean` not at all; `steps` has the paths of the steps that
   * declare an undo, and of those that are idempotent.
   */
  constructor(
    doomed: Observed,
    clean: Observed,
    steps: { readonly undoable: Iterable<string>; readonly idempotent: ReadonlySet<string> },
  ) {
    this.#undone = new Set(steps.undoable);
    this.#idempotent = steps.idempotent;
    this.#doomed = doomed;
    this.#clean = clean.totals;
    this.#cleanLeft = attributed(clean);
    this.#learn(doomed);
  }

  /** The effects of steps in a run without faults. */
  get effects(): readonly SweepEffect[] {
    return this.#doomed.host.made().map(({ step, effect }) =>
      Object.freeze({ step, effect, hasUndo: this.#undone.has(step) })
    );
  }

  /** Learns which steps are undone, as those that defer an undo do not declare it. */
  #learn({ host }: Observed): void {
    const undos = host.calls.filter(({ kind }) => kind === "undo");
    for (const { path } of undos) this.#undone.add(withoutIndexes(stepOf(path)));
  }

  /** Determines the outcome of a case. */
  judge(one: Case, observed: Observed, survived: boolean): SweepRow {
    const { host, result, hung, late } = observed;
    this.#learn(observed);
    const undone = [
      ...result?.success === false ? result.rollback.completed : [],
      ...late.flatMap(({ step, outcome }) => outcome === "compensated" ? [step] : []),
    ];
    const failed = [
      ...result?.success === false ? result.rollback.failed : [],
      ...late.flatMap(({ step, outcome, error }) =>
        outcome === "failed" && error ? [{ step, error }] : []
      ),
      ...result?.meta.notReleased ?? [],
    ];
    const ownFailures = failed.filter(({ error }) => !isInjected(error, host.injected));
    const all = attributed(observed);
    const left = result?.committed === undefined
      ? all
      : beyondCommit(all, this.#cleanLeft, host, survived ? undefined : one.call.path);
    const row = (outcome: SweepOutcome, failures = failed) =>
      this.#row(one, observed, { survived, undone, failed: failures, left, outcome });
    if (!result) return row("hangs", hung.map(neverSettles));
    if (host.endless !== undefined) return row("hangs");
    if (host.wasInTime) return row("impossible");
    if (isTooMuch(left, this.#allowed(one))) return row("left", ownFailures);
    if (ownFailures.length > 0) return row("failed", ownFailures);
    return row(left.length > 0 ? "reported" : "compensated");
  }

  /**
   * Checks a run that succeeds despite the fault. If the failed call was retried or landed late, it
   * must have the same effects as a clean run, by kind, as their ids may differ. If the run does
   * without the call, as a group that collects failures does, nothing of the call may be left: a
   * later failure of the run might clean it up, but a success does not.
   */
  judgeSuccess(one: Case, observed: Observed): SweepRow | undefined {
    const left = hasSucceeded(one, observed)
      ? this.#differences(one, observed)
      : leftBy(one, observed);
    if (left.length === 0) return undefined;
    const undone = observed.late.flatMap(({ step, outcome }) =>
      outcome === "compensated" ? [step] : []
    );
    const outcome = "differs";
    return this.#row(one, observed, { outcome, survived: true, undone, failed: [], left });
  }

  #differences({ call, plan }: Case, { totals }: Observed): LeftEffect[] {
    // Its call is made only where another has failed, so its effects are not those of a clean run.
    if ([...plan.keys()].some((id) => !id.startsWith(baseOf(call)))) return [];
    const kinds = [...new Set([...this.#clean.keys(), ...totals.keys()])];
    return kinds.map((effect): LeftEffect => {
      const amount = (totals.get(effect) ?? 0) - (this.#clean.get(effect) ?? 0);
      return { effect, id: "", amount, by: call.path };
    }).filter(({ amount }) => amount !== 0);
  }

  #row(
    one: Case,
    observed: Observed,
    rest: Omit<SweepRow, "id" | "path" | "fault" | "effect" | "hints">,
  ): SweepRow {
    const { call: { path }, effect, fault } = one;
    const step = withoutIndexes(stepOf(path));
    const hints = hintsOf(one, observed, rest, {
      canUndo: this.effects.some((effect) => effect.step === step && effect.hasUndo),
      isIdempotent: this.#idempotent.has(step),
    });
    return Object.freeze({ id: idOf(one), path, fault, effect: effect?.what, ...rest, hints });
  }

  /** The effects that a failing undo would have undone. */
  #allowed({ call, allowed }: Case): Totals {
    const { undone } = this.#doomed.host;
    if (allowed || call.kind !== "undo") return allowed ?? new Map();
    const { within = "" }: SweptCall = call;
    return undone.get(baseOf(call)) ?? undone.get(within) ?? new Map();
  }
}

/**
 * Whether the step or item has succeeded after all: by itself, as it coped with the failure of an
 * effect, by another attempt or late.
 */
function hasSucceeded(
  { call: { id, kind, path }, effect }: Case,
  { host, late }: Observed,
): boolean {
  return late.some(({ step, outcome }) => step === path && outcome === "adopted") ||
    host.calls.some((other) =>
      other.path === path && other.kind === kind && (effect || other.id !== id) &&
      host.succeeded.has(other.id)
    );
}

/** The effects of the failed call that are in place. */
function leftBy({ call: { kind, path } }: Case, observed: Observed): LeftEffect[] {
  if (kind === "predicate") return [];
  return attributed(observed).filter(({ by, amount }) => by === path && amount > 0);
}

/** The effects in place, each with the step that has left it. */
function attributed({ host, left }: Observed): readonly LeftEffect[] {
  return left.map((entry) => ({ ...entry, by: host.madeBy(entry.effect, entry.id) }));
}

function isTooMuch(left: readonly LedgerEntry[], allowed: Totals): boolean {
  return left.some(({ amount }) => amount < 0) ||
    [...totalsOf(left)].some(([kind, amount]) => amount > (allowed.get(kind) ?? 0));
}

/** Whether an undo failed only by injected faults, in all its attempts. */
function isInjected(error: unknown, injected: ReadonlySet<unknown>): boolean {
  if (injected.has(error)) return true;
  const errors = error instanceof RollbackError
    ? error.causes
    : error instanceof Error && "errors" in error && Array.isArray(error.errors)
    ? error.errors
    : [];
  return errors.length > 0 && errors.every((one) => isInjected(one, injected));
}

function neverSettles(id: string): { step: string; error: Error } {
  return { step: id, error: new Error("it never settles") };
}
