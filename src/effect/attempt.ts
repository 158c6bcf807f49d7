import type { Call, Deferred, NamedUndo } from "../api/host.ts";
import type { KeyUndo, RollbackInfo, RunInfo, UndoPolicy } from "../api/info.ts";
import type { Patience, RetryPolicy } from "../api/policy.ts";
import type { Scope } from "../run/scope.ts";
import { noteAround, type RunsInside } from "../run/around.ts";
import { holdFor } from "../run/runs_inside.ts";
import type { Watch } from "../run/watch.ts";
import type { Settled } from "../run/settled.ts";
import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { RollbackFailure } from "../api/result.ts";
import type { LateReport } from "../api/late_report.ts";
import { Cancellation } from "../run/cancellation.ts";
import type { Due, Entry } from "../run/journal.ts";
import {
  byKeyName,
  deferredName,
  keyUndoId,
  keyWaitId,
  rollbackId,
  stepPath,
  withGeneration,
} from "../run/paths.ts";
import { ownSignal } from "./caller.ts";
import type { Cutoff } from "./cutoff.ts";
import { DeferredUndos } from "./deferred_undos.ts";
import type { Extra, Rollback, UndoByKey, UndoByName } from "./handlers.ts";
import { Returned } from "./handlers.ts";
import { lateReport } from "./late_report.ts";
import { INFO_NAMES, LazyInfo } from "./info.ts";
import type { TakenOnce } from "./taken_once.ts";

/** Defines how user code is called, retried, timed and undone. All runs share it. */
export interface Effect<T = Context> extends Patience {
  readonly kind: Exclude<Call["kind"], "args" | "collection">;
  readonly span?: "release" | undefined;
  /** When to retry; without a policy, never. */
  readonly retry?: RetryPolicy | undefined;
  /** The time limit of one attempt, in milliseconds. */
  readonly timeout?: number | undefined;
  /** Whether all attempts count as one effect, because they share one key. */
  readonly idempotent?: boolean | undefined;
  /** Whether its success is the point of no return. */
  readonly pivot?: boolean | undefined;
  /** Whether the user's function may take its info. */
  readonly seesInfo?: boolean | undefined;
  readonly call: (attempt: Attempt) => unknown;
  /** Turns the value of the standing attempt into the result of the effect. */
  readonly succeed: (attempt: Attempt, value: unknown) => MaybePromise<Settled<T>>;
  /** Makes the failure when no attempt stands; `ran` tells whether any attempt started. */
  readonly fail: (attempt: Attempt, error: Error, ran: boolean) => Settled<T>;
  /** Undoes a success, given its output. */
  readonly rollback?: UndoPolicy<Rollback> | undefined;
  /** Undoes whatever happened under a key whose output is unknown. */
  readonly undoByKey?: KeyUndo<UndoByKey> | undefined;
  /** The undos that its attempts may defer by name. */
  readonly undos?: Readonly<Record<string, UndoPolicy<UndoByName>>> | undefined;
  /** Validates the value that an attempt returned. */
  readonly check?: ((raw: unknown, scope: Scope) => MaybePromise<Settled>) | undefined;
}

/** State shared by the attempts of one effect. */
export interface Shared {
  readonly taken: TakenOnce;
  /**
   * Called when an attempt defers an undo. Returns true if the undo now depends on another attempt.
   */
  hasDeferred(attempt: Attempt): boolean;
  /** The journal entry that represents an attempt. */
  entryOf(attempt: Attempt): Entry;
}

/** One attempt of an effect: the info it receives, the undos it deferred, and how it is undone. */
export class Attempt extends LazyInfo implements Entry {
  declare readonly effect: Effect<unknown>;
  declare readonly ctx: Context;
  declare readonly scope: Scope;
  declare readonly extra: Extra | undefined;
  /** Its number and the generation of its key, from 1. */
  declare readonly number: number;
  declare generation: number;
  declare cancellation: Cancellation | undefined;
  /** Whether it has settled. The journal misses what it defers later, unless `isPushed`. */
  declare hasSettled: boolean;
  /** Whether it is on a journal. */
  declare isPushed: boolean;
  declare isStanding: boolean;
  /** Not set on a first attempt without a rollback, where it is not needed. */
  declare result: Returned | undefined;
  // Few attempts need the rest, and initializers would enlarge all of them, and are slow on V8.
  declare cutoff: Cutoff | undefined;
  declare hasFailed: boolean | undefined;
  /** Whether user code has read its key, and so may have sent it. */
  declare isKeyRead: boolean | undefined;
  declare undoneBy: Error | undefined;
  /** Whether it landed late and was not adopted. */
  declare isLate: boolean | undefined;
  /** Whether its output was already rolled back for another attempt. */
  declare isRepeated: boolean | undefined;
  /** Whether anything was undone, and whether an undo is still waiting for its delay. */
  declare wasUndone: boolean | undefined;
  declare isUndoDelayed: boolean | undefined;
  /** Shared with the other attempts, if there are any. */
  declare shared: Shared | undefined;
  /** Why it failed or was given up, and the error it rejected with afterwards. */
  declare reason: Error | undefined;
  declare rejection: Error | undefined;
  /** The timer after which its effects are undone even if it has not settled. */
  declare clock: ReturnType<typeof setTimeout> | undefined;
  /** Its span; once it was given up, the span of the late attempt. */
  declare watch: Watch | undefined;
  /** The runs inside it, whose effects have keys of their own in each attempt. */
  declare inside: RunsInside | undefined;
  declare private undos: DeferredUndos | undefined;
  /** The standing attempt with the same effect or key, and the attempts this one stands for. */
  declare private sameAs: Attempt | undefined;
  declare private others: Attempt[] | undefined;
  declare private isRollbackTaken: boolean | undefined;
  declare private isKeyTaken: boolean | undefined;
  declare private own: Cancellation | undefined;
  declare private defer: RunInfo["defer"] | undefined;

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
    this.hasSettled = this.isPushed = this.isStanding = false;
    this.result = undefined;
  }

  /** The name used in messages and reports. */
  get path(): string {
    return stepPath(this.scope.path);
  }

  /** Its id without the attempt number. */
  get id(): string {
    return this.extra?.id ?? this.scope.path;
  }

  /** The idempotency key that it sends. */
  get key(): string {
    return this.scope.run.keyOf(withGeneration(this.id, this.generation));
  }

  get names(): readonly string[] {
    return INFO_NAMES[this.effect.kind];
  }

  read(name: string): unknown {
    const { extra, scope: { run } } = this;
    switch (name) {
      case "attempt":
        return this.number;
      case "key":
        this.isKeyRead = true;
        return this.key;
      case "signal":
        return this.signal;
      case "defer":
        // A closure, because users destructure it.
        return this.defer ??= noteAround((undo: unknown, data?: unknown) => {
          this.register(undo, data);
          holdFor(undo, run);
        }, this);
      case "index":
        return extra?.index;
      case "error":
        return extra?.error;
      default:
        return run.keyOf(extra!.effectKey!);
    }
  }

  private get signal(): AbortSignal {
    const { cancellation, scope } = this;
    const isOwn = cancellation && cancellation !== scope.cancellation;
    this.own ??= isOwn ? cancellation : new Cancellation(cancellation);
    return ownSignal(this.own.signal, this);
  }

  /** Whether user code has read its signal. */
  get hasSignal(): boolean {
    return this.own !== undefined;
  }

  /** Detaches it from everything that could end it early. */
  endCall(): void {
    this.cutoff?.end();
    this.own?.release();
    this.inside?.handOver(this.scope.run);
  }

  get deferredCount(): number {
    return this.undos?.count ?? 0;
  }

  /** Whether it has deferred an undo, maybe in another process, or still can. */
  get mayDefer(): boolean {
    return this.effect.seesInfo === true || this.undos !== undefined;
  }

  /** Whether there is anything to undo without its output. */
  get hasPartEffects(): boolean {
    return this.deferredCount > 0 || this.effect.undoByKey !== undefined;
  }

  get hasEffects(): boolean {
    return this.hasPartEffects || Boolean(this.result && this.effect.rollback);
  }

  /** The undos deferred so far, as a host records them. */
  get deferred(): Deferred {
    return this.undos?.recorded ?? 0;
  }

  /** Adds the undos that were deferred in another process. */
  expectDeferred(deferred: Deferred = 0): void {
    if (deferred !== 0) (this.undos ??= new DeferredUndos(this)).expect(deferred);
  }

  private register(undo: unknown, data: unknown): void {
    (this.undos ??= new DeferredUndos(this)).add(undo, data);
    if (this.shared?.hasDeferred(this)) return;
    if (this.sameAs) return this.sameAs.takeOver(this);
    const hasPlace = !this.hasSettled || this.isPushed;
    const undoneBy = this.undoneBy ?? (hasPlace ? undefined : this.scope.run.failedBy);
    if (undoneBy) this.undoNow(undoneBy);
  }

  private undoNow(error: Error): void {
    const takeUndo = (error: Error) => this.entry.takeUndo(error);
    this.scope.run.trackLate(this.unwindApart(this.reported(takeUndo), error));
  }

  /** Takes over the undos of another attempt that has the same effect or key. */
  takeOver(other: Attempt): void {
    if (other.sameAs !== this) (this.others ??= []).push(other);
    other.sameAs = this;
    if (this.undoneBy && other.undos && !other.undos.isEmpty) this.undoNow(this.undoneBy);
  }

  /** Makes it the standing success: it returned `raw`, which adds `output` to the context. */
  stand(raw: unknown, output: unknown, isValid = true): void {
    this.hasSettled = true;
    if (this.effect.rollback || this.shared) this.result = new Returned(raw, output);
    this.isStanding = isValid;
    this.push();
  }

  /** Pushes it onto the journal if it has, or may get, something to undo. */
  push(): void {
    const { rollback, undoByKey } = this.effect;
    // A shared entry may have something to undo even if this attempt has nothing.
    if (this.entry === this && !rollback && !undoByKey && !this.mayDefer) return;
    this.isPushed = true;
    this.scope.journal.push(this.entry);
  }

  private get entry(): Entry {
    return this.shared?.entryOf(this) ?? this;
  }

  /** Pushes an attempt that failed or is not needed onto the journal, to be undone. */
  pushDoomed(error: Error): void {
    this.hasSettled = true;
    if (this.hasEffects || this.mayDefer) this.push();
    // Anything it defers from now on is undone at once.
    else this.undoneBy = error;
  }

  onUndone(notUndone: readonly RollbackFailure[]): void {
    if (this.isLate || this.rejection) this.reportUndone(notUndone);
  }

  takeUndo(error: Error): Due | undefined {
    this.undoneBy ??= error;
    this.sameAs = undefined;
    const due = this.takeMain(error) ?? this.takeDeferred(error);
    if (due) this.wasUndone = true;
    return due;
  }

  private takeMain(error: Error): Due | undefined {
    const { effect: { rollback, undoByKey }, id, path, ctx, result, shared } = this;
    if (result && rollback) {
      if (this.isRollbackTaken) return undefined;
      this.isRollbackTaken = true;
      if (shared?.taken.takeOutput(this) === false) {
        this.isRepeated = true;
        return undefined;
      }
      // `raw` belongs to the user; any other output is the engine's copy, exposed only here.
      const output = result.output === result.raw ? result.raw : Object.freeze(result.output);
      const undoId = rollbackId(id, this.isLate ? this.number : undefined);
      const call = (info: RollbackInfo) => rollback.run(ctx, output, info);
      return this.due(path, undoId, error, rollback, call, output);
    }
    if (!undoByKey || this.isKeyTaken) return undefined;
    this.isKeyTaken = true;
    if (shared?.taken.takeKey(this) === false) return undefined;
    const { afterMs = 0 } = undoByKey;
    const name = rollback ? byKeyName(path) : path;
    const call = (info: RollbackInfo) => undoByKey.run(ctx, info);
    const due = this.due(name, keyUndoId(id, this.generation), error, undoByKey, call);
    if (afterMs === 0) return due;
    this.isUndoDelayed = true;
    this.undoLater(due, afterMs, error);
    return undefined;
  }

  /** Takes the latest deferred undo: first from the attempts it took over, then its own. */
  takeDeferred(error: Error): Due | undefined {
    for (const other of this.others?.toReversed() ?? []) {
      const due = other.takeDeferred(error);
      if (due) return due;
    }
    const deferred = this.undos?.take();
    if (!deferred) return undefined;
    const { id, policy, undo } = deferred;
    const call = (info: RollbackInfo) => policy.run(info);
    return this.due(deferredName(this.path), id, error, policy, call, undefined, undo);
  }

  private due(
    name: string,
    id: string,
    error: Error,
    { retry, timeout }: Pick<Due, "retry" | "timeout">,
    call: Due["call"],
    output?: unknown,
    undo?: NamedUndo,
  ): Due {
    const { ctx, scope: { watch } } = this;
    const effectKey = withGeneration(this.id, this.generation);
    return { name, id, effectKey, ctx, output, error, undo, retry, timeout, of: watch?.span, call };
  }

  /** Undoes its effects outside the run's rollback, and reports the outcome. */
  undoApart(error: Error): Promise<void> {
    return this.unwindApart(this.entry, error);
  }

  private undoLater(due: Due, ms: number, error: Error): void {
    let isTaken = false;
    const entry = this.reported(() => isTaken ? undefined : (isTaken = true, due));
    const { run } = this.scope;
    const id = keyWaitId(this.id, this.generation);
    const waiting = run.seam.sleep(id, ms, undefined);
    this.watch?.wait(this, { id, ms }, waiting);
    run.trackLate(waiting.then(() => {
      // Its output may have arrived and been rolled back in the meantime.
      if (!this.shared?.taken.isRolledBack(this)) return this.unwindApart(entry, error);
    }));
  }

  /** An entry that reports its own outcome. */
  private reported(takeUndo: Entry["takeUndo"]): Entry {
    return { takeUndo, onUndone: (notUndone) => this.report("compensated", notUndone) };
  }

  private async unwindApart(entry: Entry, error: Error): Promise<void> {
    const apart = this.scope.journal.apart(this.watch);
    apart.push(entry);
    await apart.unwind(error);
  }

  reportUndone(notUndone: readonly RollbackFailure[]): void {
    const { rejection, isRepeated, wasUndone, isUndoDelayed } = this;
    // A delayed undo is reported once it has run.
    if (isUndoDelayed && !rejection && !wasUndone) return;
    const undone = wasUndone ? "compensated" : "no-handler";
    const outcome = rejection ? "rejected" : isRepeated ? "same-effect" : undone;
    this.report(outcome, notUndone, rejection);
  }

  /** Reports its late outcome. */
  report(
    outcome: LateReport["outcome"],
    notUndone: readonly RollbackFailure[],
    cause?: Error,
  ): void {
    const { path, number, effect: { kind }, scope: { run } } = this;
    const report = lateReport(path, number, outcome, notUndone, cause);
    this.watch?.endLate(this, report.outcome);
    run.tellLate(kind === "undo" ? { ...report, undo: true } : report);
  }
}
