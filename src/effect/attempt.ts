import type { Call } from "../api/host.ts";
import type { RollbackInfo, Undo, UndoPolicy } from "../api/info.ts";
import type { KeyUndo, Patience, RetryPolicy, UndoWith } from "../api/policy.ts";
import type { Scope } from "../run/scope.ts";
import type { Settled } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { RollbackFailure } from "../api/result.ts";
import type { LateReport } from "../api/run.ts";
import { checkUndo } from "../report/checks.ts";
import { Cancellation } from "../run/cancellation.ts";
import type { Due, Entry } from "../run/journal.ts";
import {
  byKeyName,
  deferId,
  deferredName,
  keyUndoId,
  keyWaitId,
  rollbackId,
  withGeneration,
} from "../run/paths.ts";
import type { Checked, Extra, Rollback, UndoByKey } from "./handlers.ts";
import { lateReport } from "./late_report.ts";
import { lostUndo } from "./lost_undo.ts";
import { LazyInfo } from "./info.ts";
import type { TakenOnce } from "./taken_once.ts";

/** User code as it is defined: how it is called, tried again, timed and undone. It serves all runs. */
export interface Effect<T = Context> extends Patience {
  /** What kind of code it is. */
  readonly kind: Call["kind"];
  /** When to try again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout?: number | undefined;
  /** Whether all attempts together are one effect, by the one key that they send. */
  readonly idempotent?: boolean | undefined;
  /** Whether the user's function can see what it is told, by its parameters. */
  readonly seesInfo?: boolean;
  /** Calls the user's function. */
  readonly call: (attempt: Attempt) => unknown;
  /** Ends with what the attempt that stands has returned. */
  readonly succeed: (attempt: Attempt, value: unknown) => MaybePromise<Settled<T>>;
  /** Ends without one that stands; `ran` tells whether any was allowed to start. */
  readonly fail: (attempt: Attempt, error: Error, ran: boolean) => Settled<T>;
  /** Undoes what an attempt returned. */
  readonly rollback?: UndoWith<Rollback> | undefined;
  /** Undoes what happened under a key, where nobody has the output. */
  readonly undoByKey?: KeyUndo<UndoByKey> | undefined;
  /** Validates what an attempt returned. */
  readonly check?: (raw: unknown, scope: Scope) => MaybePromise<Checked>;
}

const NAMES: Record<Effect["kind"], readonly string[]> = {
  attempt: ["signal", "attempt", "key", "defer"],
  item: ["index", "signal", "key", "defer"],
  predicate: ["index", "signal", "key", "defer"],
  undo: ["error", "signal", "attempt", "key", "effectKey"],
};

/** What several attempts of one effect share. */
export interface Shared {
  readonly taken: TakenOnce;
  /** Called when an attempt has deferred an undo. */
  hasDeferred(attempt: Attempt): void;
  /** What stands on the journal for an attempt. */
  entryOf(attempt: Attempt): Entry;
}

interface Deferred {
  readonly id: string;
  /** `undefined` where the function is in another process. */
  readonly undo: UndoPolicy | undefined;
}

/** One attempt of an effect: what it is told, what it deferred, and how it is undone. */
export class Attempt extends LazyInfo implements Entry {
  readonly effect: Effect<unknown>;
  /** The context that it sees. */
  readonly ctx: Context;
  /** The scope that it runs in. */
  readonly scope: Scope;
  readonly extra: Extra | undefined;
  /** Which one it is, from 1. */
  readonly number: number;
  /** Which key it sends, from 1. */
  readonly generation: number;
  /** What cancels it. */
  cancellation: Cancellation | undefined;
  /** Whether nobody waits for it any more. */
  isAbandoned = false;
  /** Whether it has settled: what it defers from then on needs a place. */
  hasSettled = false;
  /** Whether it has settled without a result. */
  hasFailed = false;
  /** Whether it stands on a journal. */
  isPushed = false;
  /** Why what it did was undone, once it was. */
  undoneBy: Error | undefined;
  /** What it returned, once it has succeeded, and what that adds to the context. */
  result: { readonly raw: unknown; output: unknown } | undefined;
  /** Whether it succeeded after the step had been decided without it. */
  isLate = false;
  /** Whether what it returned had already been rolled back, for another attempt. */
  isRepeated = false;
  /** Whether there was anything to undo, and whether that is still to be done. */
  wasUndone = false;
  isUndoDelayed = false;
  /** What it shares with the other attempts, if there are any. */
  shared: Shared | undefined;
  /** What it was given up for, and what it failed with after that. */
  reason: Error | undefined;
  rejection: Error | undefined;
  /** Runs out when what it did is undone though it has not settled. */
  clock: ReturnType<typeof setTimeout> | undefined;
  #deferred: Deferred[] | undefined;
  #deferredCount = 0;
  /** The attempt that stands for the same effect. */
  #sameAs: Attempt | undefined;
  #isRollbackTaken = false;
  #isKeyTaken = false;
  #own: Cancellation | undefined;
  #release: (() => void) | undefined;
  #defer: ((undo: Undo | UndoPolicy) => void) | undefined;

  constructor(
    effect: Effect<unknown>,
    ctx: Context,
    scope: Scope,
    extra: Extra | undefined,
    number = 1,
    generation = 1,
  ) {
    super();
    this.effect = effect;
    this.ctx = ctx;
    this.scope = scope;
    this.extra = extra;
    this.number = number;
    this.generation = generation;
    this.cancellation = scope.cancellation;
  }

  /** What messages and reports call it. */
  get path(): string {
    return this.scope.path;
  }

  /** Its id without the attempt. */
  get id(): string {
    return this.extra?.id ?? this.path;
  }

  get names(): readonly string[] {
    return NAMES[this.effect.kind];
  }

  read(name: string): unknown {
    const { extra, scope: { run } } = this;
    switch (name) {
      case "attempt":
        return this.number;
      case "key":
        return run.keyOf(withGeneration(this.id, this.generation));
      case "signal":
        return this.#signal;
      case "defer":
        // A function of its own, as users take it out of the object.
        return this.#defer ??= (undo) => this.#register(undo);
      case "index":
        return extra?.index;
      case "error":
        return extra?.error;
      default:
        return run.keyOf(extra!.effectKey!);
    }
  }

  get #signal(): AbortSignal {
    if (!this.#own) {
      [this.#own, this.#release] = this.cancellation?.child() ?? [new Cancellation(), undefined];
    }
    return this.#own.signal;
  }

  /** Whether anybody has asked for its signal. */
  get hasSignal(): boolean {
    return this.#own !== undefined;
  }

  /** Lets go of what would cancel it, once it is over. */
  release(): void {
    this.#release?.();
  }

  /** How many undos it has deferred. */
  get deferredCount(): number {
    return this.#deferredCount;
  }

  /** Whether it may still have something undone: it has deferred, or can. */
  get mayDefer(): boolean {
    return this.effect.seesInfo === true || this.#defer !== undefined ||
      this.#deferred !== undefined;
  }

  /** Whether there is anything to undo if it has no output. */
  get hasPartEffects(): boolean {
    return this.#deferredCount > 0 || this.effect.undoByKey !== undefined;
  }

  /** Whether there is anything to undo. */
  get hasEffects(): boolean {
    return this.hasPartEffects || this.result !== undefined && this.effect.rollback !== undefined;
  }

  /** Makes room for what it deferred in another process. */
  expectDeferred(count = 0): void {
    while (this.#deferredCount < count) this.#add(undefined);
  }

  #register(undo: Undo | UndoPolicy): void {
    const { id, scope } = this;
    this.#add(checkUndo(`defer an undo in '${id}'`, "it", id, undo));
    this.shared?.hasDeferred(this);
    if (this.#sameAs) return this.#sameAs.takeOver(this);
    const { run } = scope;
    const hasPlace = !this.hasSettled || this.isPushed;
    const undoneBy = this.undoneBy ?? (hasPlace ? undefined : run.failedBy);
    if (undoneBy) this.#undoNow(undoneBy);
    else if (!hasPlace) run.strays.push(this.#entry);
  }

  #undoNow(error: Error): void {
    const entry = this.#told((error) => this.#entry.takeUndo(error));
    this.scope.run.watch(this.#unwindApart(entry, error));
  }

  /** Takes over what another attempt defers that had the same effect. */
  takeOver(other: Attempt): void {
    const { effect: { rollback, undoByKey }, scope: { run } } = this;
    other.#sameAs = this;
    if (!other.#deferred?.length) return;
    (this.#deferred ??= []).push(...other.#deferred.splice(0));
    if (this.undoneBy) return this.#undoNow(this.undoneBy);
    const hasPlace = this.isPushed || rollback || undoByKey;
    if (!hasPlace) run.strays.push(this.#entry);
  }

  /** Makes it the success that stands: `output` is what `raw`, which it returned, adds to the context. */
  stand(raw: unknown, output: unknown): void {
    this.hasSettled = true;
    this.result = { raw, output };
    this.push();
  }

  /** Puts it on the journal, where there is or may be something to undo. */
  push(): void {
    const { rollback, undoByKey } = this.effect;
    // An entry of several attempts may have something to undo though this one has not.
    if (this.#entry === this && !rollback && !undoByKey && !this.mayDefer) return;
    this.isPushed = true;
    this.scope.journal.push(this.#entry);
  }

  get #entry(): Entry {
    return this.shared?.entryOf(this) ?? this;
  }

  /** Puts it on the journal where it has failed, or is not needed. */
  pushDoomed(error: Error): void {
    this.hasSettled = true;
    if (this.hasEffects || this.mayDefer) this.push();
    // What it defers from now on is undone at once.
    else this.undoneBy = error;
  }

  onUndone(notUndone: readonly RollbackFailure[]): void {
    if (this.isLate || this.rejection) this.reportUndone(notUndone);
  }

  #add(undo: UndoPolicy | undefined): void {
    const id = deferId(this.id, this.number, ++this.#deferredCount);
    (this.#deferred ??= []).push({ id, undo });
  }

  takeUndo(error: Error): Due | undefined {
    this.undoneBy ??= error;
    const due = this.#takeMain(error) ?? this.takeDeferred();
    if (due) this.wasUndone = true;
    return due;
  }

  #takeMain(error: Error): Due | undefined {
    const { effect: { rollback, undoByKey }, id, path, ctx, result, shared } = this;
    if (result && rollback) {
      if (this.#isRollbackTaken) return undefined;
      this.#isRollbackTaken = true;
      if (shared?.taken.takeOutput(this) === false) {
        this.isRepeated = true;
        return undefined;
      }
      const { output } = result;
      const { run, retry, timeout } = rollback;
      return {
        ...this.#due(path, rollbackId(id, this.isLate ? this.number : undefined)),
        output,
        retry,
        timeout,
        call: (info) => run(ctx, output, info),
      };
    }
    if (!undoByKey || this.#isKeyTaken) return undefined;
    this.#isKeyTaken = true;
    if (shared?.taken.takeKey(this) === false) return undefined;
    const { run, retry, timeout, afterMs = 0 } = undoByKey;
    const due: Due = {
      ...this.#due(rollback ? byKeyName(path) : path, keyUndoId(id, this.generation)),
      retry,
      timeout,
      call: (info) => run(ctx, info),
    };
    if (afterMs === 0) return due;
    this.isUndoDelayed = true;
    this.#undoLater(due, afterMs, error);
    return undefined;
  }

  /** Takes the latest of the undos that it deferred. */
  takeDeferred(): Due | undefined {
    const deferred = this.#deferred?.pop();
    if (!deferred) return undefined;
    const { id, undo } = deferred;
    const { run, retry, timeout } = undo ?? { run: () => lostUndo(id) };
    const due = this.#due(deferredName(this.path), id);
    return { ...due, retry, timeout, call: (info: RollbackInfo) => run(info) };
  }

  #due(name: string, id: string) {
    return { name, id, effectKey: withGeneration(this.id, this.generation), ctx: this.ctx };
  }

  /** Undoes what it did apart from the run, and reports it. */
  undoApart(error: Error): Promise<void> {
    return this.#unwindApart(this.#entry, error);
  }

  #undoLater(due: Due, ms: number, error: Error): void {
    let isTaken = false;
    const entry = this.#told(() => isTaken ? undefined : (isTaken = true, due));
    const { run } = this.scope;
    const waiting = run.seam.sleep(keyWaitId(this.id, this.generation), ms, undefined);
    const undoing = waiting.then(() => {
      // Its output may have come meanwhile.
      if (!this.shared?.taken.isRolledBack(this)) return this.#unwindApart(entry, error);
    });
    run.watch(undoing);
  }

  /** An entry that is reported for itself. */
  #told(takeUndo: Entry["takeUndo"]): Entry {
    return { takeUndo, onUndone: (notUndone) => this.report("compensated", notUndone) };
  }

  async #unwindApart(entry: Entry, error: Error): Promise<void> {
    const apart = this.scope.journal.apart();
    apart.push(entry);
    await apart.unwind(error);
  }

  /** Reports that what it did is undone. */
  reportUndone(notUndone: readonly RollbackFailure[]): void {
    const { rejection, isRepeated, wasUndone, isUndoDelayed } = this;
    // That is told when it is done.
    if (isUndoDelayed && !rejection && !wasUndone) return;
    const outcome = rejection
      ? "rejected"
      : isRepeated
      ? "same-effect"
      : wasUndone
      ? "compensated"
      : "no-handler";
    this.report(outcome, notUndone, rejection);
  }

  /** Reports what became of it. */
  report(
    outcome: LateReport["outcome"],
    notUndone: readonly RollbackFailure[],
    cause?: Error,
  ): void {
    const { path, number, effect: { kind }, scope: { run } } = this;
    const report = lateReport(path, number, outcome, notUndone, cause);
    run.tellLate(kind === "undo" ? { ...report, undo: true } : report);
  }
}
