import type { LateReport } from "../api/late_report.ts";
import type { Observer, Span, SpanEnd } from "../api/observer.ts";
import type { Result, RollbackFailure } from "../api/result.ts";
import { toError } from "../report/errors.ts";
import {
  callId,
  itemIndex,
  lateId,
  parseId,
  rollbackSpanId,
  stepOf,
  stepPath,
} from "../run/paths.ts";
import { type Ending, isPending, type Pending, type Settled } from "../run/settled.ts";
import type { Answered, Wait, Watch, WatchedAttempt, WatchedNode } from "../run/watch.ts";
import { cast } from "../values/cast.ts";
import { isPromise } from "../values/maybe_promise.ts";
import { Followers } from "./followers.ts";
import { ObservedSpan, type SpanDetails } from "./observed_span.ts";

/** Begins the span of a run; returns `undefined` if no observer wants it. */
export function watchRun(observers: readonly Observer[], run: Span): Watch | undefined {
  const followers = Followers.ask(observers, run);
  return followers && new Watched(run, followers);
}

/** The given id, or a new one if it is invalid; checking the options refuses an invalid one. */
export function runIdOf(given: unknown): string {
  return typeof given === "string" && given !== "" ? given : crypto.randomUUID();
}

/** The numbers of the attempts that succeeded, by the spans of their steps. */
const standing = new WeakMap<Span, number>();

/** The steps whose last attempt or whose wait a host has answered from its record. */
const replayed = new WeakSet<Span>();

/** The kind of an undo, and the attempt that it undoes. */
function undoOf(id: string, of: Span | undefined): Pick<SpanDetails, "undo" | "ofAttempt"> {
  const { undo = "undo", attempt = of && standing.get(of) } = parseId(id) ?? {};
  if (undo === "key") return { undo: "undoByKey" };
  return { undo: undo === "undo" ? "rollback" : undo, ofAttempt: attempt };
}

/** Describes spans to the observers that follow them. */
class Watched implements Watch {
  readonly span: Span;
  readonly #followers: Followers;
  readonly #isPivot: boolean;
  #rollback: Watched | undefined;
  #hasEnded = false;
  #done = 0;
  #failed = 0;

  constructor(span: Span, followers: Followers, isPivot = false) {
    this.span = span;
    this.#followers = followers;
    this.#isPivot = isPivot;
  }

  within<T>(call: () => T): T {
    return this.#followers.within(call);
  }

  progress(hasFailed: boolean, total: number | undefined): void {
    this.#done++;
    if (hasFailed) this.#failed++;
    const progress = Object.freeze({
      done: this.#done,
      failed: this.#failed,
      ...(total !== undefined && { total }),
    });
    this.#followers.tell((follow) => follow.progress?.(progress));
  }

  beginRun({ name, kind: node }: WatchedNode, path: string, runId: unknown): Watch | undefined {
    return this.#begin("run", "", path, name, { node }, false, runIdOf(runId));
  }

  beginStep(
    { name, kind: node, policy, undos, undoNames = [] }: WatchedNode,
    path: string,
    parentPath: string,
  ): Watch | undefined {
    const details = {
      node,
      index: itemIndex(parentPath),
      undos: undos && Object.freeze([...undos, ...undoNames]),
    };
    return this.#begin("step", path, stepPath(path), name, details, policy?.pivot);
  }

  beginAttempt(attempt: WatchedAttempt): Watch | undefined {
    const { effect: { kind, retry, span = kind }, id, number, extra } = attempt;
    return this.#beginPart(attempt, span, callId(kind, id, number), {
      attempt: number,
      retries: retry?.count,
      index: extra?.index,
      of: extra?.of,
      ...(span === "undo" && undoOf(id, extra?.of)),
    });
  }

  beginLate(attempt: WatchedAttempt): Watch | undefined {
    const { effect: { kind, span }, id, number, extra } = attempt;
    return this.#beginPart(attempt, "late", lateId(callId(kind, id, number)), {
      attempt: number,
      of: extra?.of,
      ...(kind === "undo" && span !== "release" && undoOf(id, extra?.of)),
    });
  }

  beginRollback(path: string, id: string): Watch | undefined {
    const place = stepPath(path);
    return this.#rollback = this.#begin("rollback", rollbackSpanId(id), place, this.span.name);
  }

  wait(from: WatchedAttempt, { id, ms, attempt }: Wait, sleeping: Promise<void>): void {
    this.#beginPart(from, "wait", id, { ms, attempt })?.endWait(sleeping);
  }

  endWait(sleeping: Promise<void>): void {
    sleeping.then(() => this.#end({ ok: true }), (reason) => this.interrupt(reason));
  }

  run<R extends Result<unknown>>(carryOut: () => Promise<R>): Promise<R> {
    return this.span.parent ? this.#runInside(carryOut) : this.#runAlone(carryOut);
  }

  /** Adds no promise but the caller's own, so that the stacks of errors lead to the caller. */
  async #runAlone<R extends Result<unknown>>(carryOut: () => Promise<R>): Promise<R> {
    try {
      const result = await this.within(carryOut);
      this.#endRun(result);
      return result;
    } catch (reason) {
      this.interrupt(reason);
      throw reason;
    }
  }

  /** Adds no microtask, as the run may race against other steps. */
  #runInside<R extends Result<unknown>>(carryOut: () => Promise<R>): Promise<R> {
    const running = this.within(carryOut);
    running.then((result) => this.#endRun(result), (reason) => this.interrupt(reason));
    return running;
  }

  #endRun({ success, error, failedStep, committed }: Result<unknown>): void {
    const stands = committed === undefined ? {} : { committed };
    this.#end(success ? { ok: true } : { ok: false, error, failedStep, ...stands });
  }

  endStep(ending: Ending): Ending {
    return isPromise(ending) ? this.#awaitable(ending) : this.#follow(ending);
  }

  /** Continuations of the awaited promise run inside the span. */
  #enclose(call: Pending): Pending {
    return {
      promise: call.promise,
      land: (value) => this.#follow(this.within(() => call.land(value))),
      crash: (thrown) => {
        try {
          return this.#follow(this.within(() => call.crash(thrown)));
        } catch (signal) {
          this.interrupt(signal);
          throw signal;
        }
      },
    };
  }

  /**
   * Lets a promise be awaited exactly where it would be without observers: no microtask later, and
   * nowhere else, because the stacks of errors would no longer lead to the caller.
   */
  #awaitable(promise: Promise<Settled>): Pending {
    const follow = () => this.#follow(promise);
    return {
      promise,
      get settling() {
        follow();
        return promise;
      },
      land: (settled) => this.#follow(cast<Settled>(settled)),
      crash: (reason) => {
        this.interrupt(reason);
        throw reason;
      },
    };
  }

  #follow(ending: Ending): Ending {
    if (isPending(ending)) return this.#enclose(ending);
    if (isPromise(ending)) {
      ending.then((settled) => this.#endSettled(settled), (reason) => this.interrupt(reason));
    } else this.#endSettled(ending);
    return ending;
  }

  #endSettled(settled: Settled): void {
    const ran = { ran: settled.ran, ...(replayed.has(this.span) && { replayed: true as const }) };
    if (settled.ok) {
      return this.#end({ ok: true, ...ran, ...(this.#isPivot && { committed: this.span.path }) });
    }
    const { error, failedStep } = settled;
    this.#end({ ok: false, error, failedStep: stepPath(failedStep), ...ran });
  }

  endAttempt({ outcome, isReplayed }: Answered): void {
    const { kind, parent } = this.span;
    if (outcome.ok) this.#stands();
    if (kind === "attempt" && parent) replayed[isReplayed ? "add" : "delete"](parent);
    this.#end({
      ...(outcome.ok ? { ok: true } : { ok: false, error: outcome.error }),
      ...(isReplayed && { replayed: true }),
    });
  }

  replay(): void {
    replayed.add(this.span);
  }

  interrupt(reason: unknown): void {
    this.#rollback?.interrupt(reason);
    this.#end({ ok: false, error: toError(reason), interrupted: true });
  }

  endLate({ result, rejection, reason }: WatchedAttempt, late: LateReport["outcome"]): void {
    if (this.span.kind !== "late") return;
    if (late === "adopted") this.#stands();
    this.#end(result ? { ok: true, late } : { ok: false, error: rejection ?? reason, late });
  }

  endRollback(failures: readonly RollbackFailure[]): void {
    const notUndone = failures.length;
    const error = failures[0]?.error;
    this.#end(error ? { ok: false, error, notUndone } : { ok: true, notUndone });
  }

  /** Notes which attempt is the success of its step. */
  #stands(): void {
    const { kind, parent, attempt, retries } = this.span;
    const isOneOfSome = kind === "late" || kind === "attempt" && retries !== undefined;
    if (isOneOfSome && parent) standing.set(parent, attempt!);
  }

  /** Begins a part of a step's span, or of an undo's. */
  #beginPart(
    { path, extra }: WatchedAttempt,
    kind: Span["kind"],
    id: string,
    details: SpanDetails,
  ): Watched | undefined {
    const of = extra?.of;
    // An undo is inside a rollback, but is named after its step.
    const name = of ? of.name + path.slice(stepOf(path).length) : this.span.name;
    return this.#begin(kind, id, path, name, details);
  }

  #begin(
    kind: Span["kind"],
    id: string,
    path: string,
    name: string,
    details?: SpanDetails,
    isPivot?: boolean,
    runId: string = this.span.runId,
  ): Watched | undefined {
    const part = new ObservedSpan(kind, id, path, name, runId, this.span, details);
    const followers = this.#followers.ask(part);
    return followers && new Watched(part, followers, isPivot);
  }

  #end(end: SpanEnd): void {
    // An attempt may land after it was reported as undone.
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    Object.freeze(end);
    this.#followers.tell((follow) => follow.end?.(end));
  }
}
