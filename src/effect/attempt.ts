import type { RollbackInfo, Undo, UndoPolicy } from "../api/info.ts";
import type { RollbackFailure } from "../api/result.ts";
import type { LateReport } from "../api/run.ts";
import { checkUndo } from "../report/checks.ts";
import { aggregateError } from "../report/error_with.ts";
import { RollbackError } from "../report/errors.ts";
import { same } from "../values/message.ts";
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
import type { Effect, Site } from "./effect.ts";
import { LazyInfo } from "./info.ts";

const NAMES: Record<Effect["kind"], readonly string[]> = {
  attempt: ["signal", "attempt", "key", "defer"],
  item: ["index", "signal", "key", "defer"],
  predicate: ["index", "signal", "key", "defer"],
  undo: ["error", "signal", "attempt", "key", "effectKey"],
};

/** What several attempts of one effect must not do twice. */
export interface Shared {
  /** Whether the undo by an attempt's key is still to be done; it is not any more from then on. */
  takeKey(attempt: Attempt): boolean;
  /** Whether what an attempt returned is still to be rolled back; it is not any more from then on. */
  takeOutput(attempt: Attempt): boolean;
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
  readonly effect: Effect;
  readonly site: Site;
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
  /** How many undos have been taken. */
  undosTaken = 0;
  /** What it shares with the other attempts, if there are any. */
  shared: Shared | undefined;
  /** What it was given up for, and what it failed with after that. */
  reason: Error | undefined;
  rejection: Error | undefined;
  /** Runs out when what it did is undone though it has not settled. */
  clock: ReturnType<typeof setTimeout> | undefined;
  #deferred: Deferred[] | undefined;
  #deferredCount = 0;
  #isMainTaken = false;
  #isUndoneLater = false;
  #own: Cancellation | undefined;
  #release: (() => void) | undefined;
  #defer: ((undo: Undo | UndoPolicy) => void) | undefined;

  constructor(effect: Effect, site: Site, number: number, generation: number) {
    super();
    this.effect = effect;
    this.site = site;
    this.number = number;
    this.generation = generation;
    this.cancellation = site.scope.cancellation;
  }

  get names(): readonly string[] {
    return NAMES[this.effect.kind];
  }

  read(name: string): unknown {
    const { error, effectKey, index, scope, id } = this.site;
    switch (name) {
      case "attempt":
        return this.number;
      case "key":
        return scope.run.keyOf(withGeneration(id, this.generation));
      case "signal":
        return this.#signal;
      case "defer":
        // A function of its own, as users take it out of the object.
        return this.#defer ??= (undo) => this.#register(undo);
      case "index":
        return index;
      case "error":
        return error;
      default:
        return scope.run.keyOf(effectKey!);
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
    return this.#defer !== undefined || this.#deferredCount > 0;
  }

  /** Whether there is anything to undo if it has no output. */
  get hasPartEffects(): boolean {
    return this.#deferredCount > 0 || this.effect.undoByKey !== undefined;
  }

  /** Makes room for what it deferred in another process. */
  expectDeferred(count = 0): void {
    while (this.#deferredCount < count) this.#add(undefined);
  }

  #register(undo: Undo | UndoPolicy): void {
    const { id, scope } = this.site;
    this.#add(checkUndo(`defer an undo in '${id}'`, "it", id, undo));
    this.shared?.hasDeferred(this);
    const { run } = scope;
    const hasPlace = !this.hasSettled || this.isPushed;
    const undoneBy = this.undoneBy ?? (hasPlace ? undefined : run.failedBy);
    if (undoneBy) run.watch(this.undoApart(undoneBy));
    else if (!hasPlace) run.strays.push(this);
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
    if (!rollback && !undoByKey && !this.mayDefer) return;
    this.isPushed = true;
    this.site.scope.journal.push(this.shared?.entryOf(this) ?? this);
  }

  /** Puts what it did before it failed on the journal. */
  pushPartEffects(error: Error): void {
    this.hasSettled = true;
    if (this.hasPartEffects || this.mayDefer) this.push();
    // What it defers from now on is undone at once.
    else this.undoneBy = error;
  }

  onUndone(notUndone: readonly RollbackFailure[]): void {
    if (this.isLate || this.rejection) this.reportUndone(notUndone, this.undosTaken);
  }

  #add(undo: UndoPolicy | undefined): void {
    const id = deferId(this.site.id, this.number, ++this.#deferredCount);
    (this.#deferred ??= []).push({ id, undo });
  }

  takeUndo(error: Error): Due | undefined {
    this.undoneBy ??= error;
    const due = this.#takeMain(error) ?? this.takeDeferred();
    if (due) this.undosTaken++;
    return due;
  }

  #takeMain(error: Error): Due | undefined {
    if (this.#isMainTaken) return undefined;
    this.#isMainTaken = true;
    const { effect: { rollback, undoByKey }, site: { id, path }, result, shared } = this;
    if (result && rollback) {
      if (shared?.takeOutput(this) === false) {
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
        call: (info) => run(this.site.ctx, output, info),
      };
    }
    if (!undoByKey || shared?.takeKey(this) === false) return undefined;
    const { run, retry, timeout, afterMs = 0 } = undoByKey;
    const due: Due = {
      ...this.#due(rollback ? byKeyName(path) : path, keyUndoId(id, this.generation)),
      retry,
      timeout,
      call: (info) => run(this.site.ctx, info),
    };
    if (afterMs === 0) return due;
    this.#isUndoneLater = true;
    this.#undoLater(due, afterMs, error);
    return undefined;
  }

  /** Takes the latest of the undos that it deferred. */
  takeDeferred(): Due | undefined {
    const deferred = this.#deferred?.pop();
    if (!deferred) return undefined;
    const { id, undo } = deferred;
    const { run, retry, timeout } = undo ?? { run: () => lostUndo(id) };
    const due = this.#due(deferredName(this.site.path), id);
    return { ...due, retry, timeout, call: (info: RollbackInfo) => run(info) };
  }

  #due(name: string, id: string) {
    const { ctx, id: effect } = this.site;
    return { name, id, effectKey: withGeneration(effect, this.generation), ctx };
  }

  /** Undoes what it did, or all of an effect that it is part of, apart from the run, and reports it. */
  async undoApart(error: Error, entry: Entry = this): Promise<void> {
    this.isLate = true;
    if (this.result) this.#isMainTaken &&= this.effect.rollback === undefined;
    await this.#unwindApart(error, entry);
  }

  /** Reports what became of it, once so many undos have been taken. */
  reportUndone(notUndone: readonly RollbackFailure[], undosTaken: number): void {
    const { rejection, isRepeated } = this;
    // That undo reports itself.
    if (this.#isUndoneLater && !rejection && undosTaken === 0) return;
    const outcome = rejection
      ? "rejected"
      : isRepeated
      ? "same-effect"
      : undosTaken > 0
      ? "compensated"
      : "no-handler";
    this.report(outcome, notUndone, rejection);
  }

  #undoLater(due: Due, ms: number, error: Error): void {
    const dues = [due];
    const entry = {
      takeUndo: () => dues.pop(),
      onUndone: (notUndone: readonly RollbackFailure[]) => this.report("compensated", notUndone),
    };
    const { id, scope: { run } } = this.site;
    const waiting = run.seam.sleep(keyWaitId(id, this.generation), ms, undefined);
    run.watch(waiting.then(() => this.#unwindApart(error, entry)));
  }

  async #unwindApart(error: Error, entry: Entry): Promise<void> {
    const apart = this.site.scope.journal.apart();
    apart.push(entry);
    await apart.unwind(error);
  }

  /** Reports what became of it. */
  report(
    outcome: LateReport["outcome"],
    notUndone: readonly RollbackFailure[],
    cause?: Error,
  ): void {
    const { path, scope: { run } } = this.site;
    const errors = [...cause ? [cause] : [], ...notUndone.map(({ error }) => error)];
    const [error] = errors.length > 1
      ? [aggregateError(errors, same(`Cannot undo all that '${path}' did late`))]
      : errors;
    run.tellLate({
      step: path,
      attempt: this.number,
      outcome: notUndone.length > 0 ? "failed" : outcome,
      ...(error && { error }),
      ...(this.effect.kind === "undo" && { undo: true }),
    });
  }
}

function lostUndo(id: string): never {
  const constraint = "its function must be in this process: it was deferred in another one";
  throw new RollbackError(`Cannot undo '${id}' as ${constraint}`, []);
}
