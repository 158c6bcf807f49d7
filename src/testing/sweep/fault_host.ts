import type { Call, Host, Outcome } from "../../api/host.ts";
import type { LateReport } from "../../api/run.ts";
import { TimeoutError } from "../../report/errors.ts";
import type { Effect } from "./effect.ts";
import { FaultWire } from "./fault_wire.ts";
import { parseId, stepOf, withoutIndexes } from "../../run/paths.ts";
import type { Fault } from "./faults.ts";
import { InferredBooks } from "./inferred_books.ts";
import type { Books } from "./ledger.ts";
import { Rest } from "./rest.ts";
import { difference, type Totals, totalsOf } from "./totals.ts";

type Perform = (signal?: AbortSignal) => Promise<Outcome>;

/** What the runs of one sweep share. */
export interface Shared {
  /** Which effects stand. */
  readonly books: Books;
  /** How long a run may do nothing before it is taken to hang, in milliseconds. */
  readonly patience: number;
  /** What faults throw. */
  readonly error: (call: Call) => Error;
  /** The calls that hung by themselves: they are not waited for again. */
  readonly stuck: Set<string>;
}

/** Makes the calls of one run go wrong as it is told, and keeps what happens. */
export class FaultHost implements Host {
  /** Every call, in the order in which they began. */
  readonly calls: Call[] = [];
  /** The ids of those that succeeded, as the run was told. */
  readonly succeeded: Set<string> = new Set<string>();
  /** What the faults gave the run as errors. */
  readonly injected: Set<unknown> = new Set<unknown>();
  /** What each undo took away of every kind of effect. */
  readonly undone: Map<string, Totals> = new Map<string, Totals>();
  /** What the attempts that succeeded have returned, by their paths. */
  readonly values: Map<string, unknown> = new Map<string, unknown>();
  /** What the caller aborts with. */
  readonly controller: AbortController = new AbortController();
  /** The ids of the calls that hang, once the run can be seen not to end. */
  readonly hung: Promise<readonly string[]>;
  /** Whether a call came out at once that was to be given up. */
  wasInTime = false;
  /** The call that was made to hang, if nothing would have ended it. */
  endless: string | undefined;
  /** An effect that a call did not wait for, though it succeeded. */
  notAwaited: Effect | undefined;
  /** The way to the other side, for fakes that write to a ledger. */
  readonly wire: FaultWire;
  readonly #shared: Shared;
  readonly #plan: ReadonlyMap<string, Fault>;
  readonly #rest: Rest;
  readonly #inFlight = new Map<string, Call>();
  readonly #givenUp = new Set<string>();
  readonly #strikes = new Map<string, () => void>();
  readonly #standing = new Map<string, { readonly amount: number; readonly by: string }>();
  readonly #made = new Map<string, { readonly step: string; readonly effect: string }>();
  /** The call whose code is running, or was the last to. */
  #current: Call | undefined;
  #hang: (ids: readonly string[]) => void = () => {};
  #clock: ReturnType<typeof setTimeout> | undefined;

  constructor(shared: Shared, plan: ReadonlyMap<string, Fault>) {
    this.#shared = shared;
    this.#plan = plan;
    this.hung = new Promise((resolve) => this.#hang = resolve);
    this.#rest = new Rest(() =>
      this.wire.isBusy || [...this.#inFlight.values()].some((call) => !this.wire.holds(call))
    );
    this.wire = new FaultWire(plan, {
      owner: () => this.#owner(),
      landed: (call) => this.#landed(call),
      strike: (call) => this.#strike(call),
      error: (call) => this.#error(call),
    }, this.#rest);
    this.#restartClock();
  }

  async perform(call: Call, fn: Perform): Promise<Outcome> {
    const { books, stuck } = this.#shared;
    this.#restartClock();
    this.#attribute(this.#active());
    this.calls.push(call);
    if (stuck.has(call.id)) {
      this.#hang([call.id]);
      return await new Promise(() => {});
    }
    if (books instanceof InferredBooks) books.learn(call);
    const before = totalsOf(books);
    if (this.#isLate(call)) await this.#rest.wait("undo");
    const running = this.#inject(call, async (signal) => {
      this.#current = call;
      const outcome = await fn(signal);
      if (outcome.ok && books instanceof InferredBooks) books.done(call);
      return outcome;
    });
    this.#attribute([call.path]);
    this.#inFlight.set(call.id, call);
    const outcome = await running;
    this.#restartClock();
    this.#attribute(this.#active());
    this.#inFlight.delete(call.id);
    if (outcome.ok) this.#succeed(call, outcome.value);
    else this.#givenUp.add(call.path);
    if (call.kind === "undo") this.undone.set(call.id, difference(before, totalsOf(books)));
    return outcome;
  }

  async sleep({ id }: { readonly id: string }): Promise<void> {
    this.#restartClock();
    // An undo that waits until the other side is through with the attempt: it is through when all else is done.
    const { isWait, attempt, undo } = parseId(id) ?? {};
    if (isWait && attempt === undefined && undo === undefined) await this.#rest.wait("wait");
  }

  /** Whose doing it is that an effect stands. */
  madeBy(effect: string, id: string): string | undefined {
    return this.#standing.get(keyOf(effect, id))?.by;
  }

  /** Which kinds of effects steps have made stand. */
  made(): readonly { readonly step: string; readonly effect: string }[] {
    return [...this.#made.values()];
  }

  /** To be told how attempts that were given up came out. */
  onLate(late: LateReport): void {
    const { books } = this.#shared;
    if (books instanceof InferredBooks) books.late(late);
    this.#attribute(this.#active());
  }

  /** Waits for a promise, but no longer than anything goes on. */
  async untilIdle(promise: Promise<unknown>): Promise<void> {
    this.#restartClock();
    await Promise.race([promise, this.hung]);
  }

  /** Waits until nothing goes on, and nothing is held back any more. */
  async atRest(): Promise<void> {
    await this.#rest.over();
  }

  /** Stops the clock, and what is held back stays where it is. */
  dispose(): void {
    clearTimeout(this.#clock);
    this.#rest.stop();
  }

  async #inject(call: Call, fn: Perform): Promise<Outcome> {
    const fault = this.#plan.get(call.id);
    switch (fault) {
      case "before":
        return { ok: false, error: this.#error(call) };
      case "after": {
        const outcome = await fn();
        return outcome.ok ? { ok: false, error: this.#error(call) } : outcome;
      }
      case "invalid": {
        const outcome = await fn();
        return outcome.ok ? { ...outcome, value: refused(outcome.value) } : outcome;
      }
      case "abort": {
        const running = fn();
        this.controller.abort(this.#error(call));
        return await running;
      }
      case "late":
      case "hang":
        return await this.#giveUp(call, fn);
      default:
        return this.#isToBeStruck(call) ? await this.#keepClock(call, fn) : await fn();
    }
  }

  #isToBeStruck({ id, timeout }: Call): boolean {
    return timeout !== undefined &&
      [...this.#plan.keys()].some((planned) => planned.startsWith(`${id}!effect`));
  }

  /** Whether it undoes what landed late. It is held back for as long as anything else goes on: then it does most harm. */
  #isLate({ id, kind }: Call): boolean {
    const undo = kind === "undo" && parseId(id);
    if (!undo || (undo.attempt === undefined && undo.undo !== "key")) return false;
    return [...this.#plan].some(([planned, fault]) => {
      if (fault !== "late" && fault !== "abort") return false;
      const { path, attempt = 1 } = parseId(planned) ?? {};
      return path === undo.path && (undo.attempt === undefined || attempt === undo.attempt);
    });
  }

  /** What a timeout does, at once; the call goes on, as one does that ignores its signal. */
  async #giveUp(call: Call, fn: Perform): Promise<Outcome> {
    const running = this.#keepClock(call, fn);
    this.#strike(call);
    const outcome = await running;
    if (!outcome.ok && call.timeout === undefined) this.endless = call.id;
    return outcome;
  }

  /** A call that times out when it is struck. */
  async #keepClock(call: Call, fn: Perform): Promise<Outcome> {
    const { id, timeout = Infinity } = call;
    const clock = new AbortController();
    this.#strikes.set(id, () => {
      const error = new TimeoutError(
        `Cannot finish '${id}' as the sweep lets it time out`,
        timeout,
      );
      this.injected.add(error);
      clock.abort(error);
    });
    const outcome = await fn(clock.signal);
    if (outcome.ok && clock.signal.aborted) this.wasInTime = true;
    return outcome;
  }

  /** Gives a call up: what has no timeout can only be given up by the caller. */
  #strike(call: Call): void {
    const timeOut = this.#strikes.get(call.id);
    if (timeOut) timeOut();
    else this.controller.abort(this.#error(call));
  }

  #succeed(call: Call, value: unknown): void {
    this.succeeded.add(call.id);
    if (call.kind === "attempt") this.values.set(call.path, value);
    if (this.#inFlight.size === 0) this.notAwaited ??= this.wire.onItsWay(call);
  }

  #owner(): Call {
    // With several in flight it may be another one, where a fake waits for a timer.
    return this.#current ?? this.calls.at(-1)!;
  }

  #landed(call: Call): void {
    this.#restartClock();
    this.#current = call;
    this.#attribute([call.path]);
  }

  #error(call: Call): Error {
    const error = this.#shared.error(call);
    this.injected.add(error);
    return error;
  }

  /** Whose code may be running: what failed may have been given up, and go on. */
  #active(): Iterable<string> {
    return this.#inFlight.size > 0
      ? [...this.#inFlight.values()].map(({ path }) => path)
      : this.#givenUp;
  }

  /** What has come to stand since the last time is the doing of what was in flight. */
  #attribute(paths: Iterable<string>): void {
    const by = [...new Set(paths)].join(" or ");
    for (const { effect, id, amount } of this.#shared.books.left()) {
      const key = keyOf(effect, id);
      const known = this.#standing.get(key);
      const grew = Math.abs(amount) > Math.abs(known?.amount ?? 0);
      this.#standing.set(key, { amount, by: grew ? by : known?.by ?? by });
      const step = withoutIndexes(stepOf(by));
      if (grew && amount > 0) this.#made.set(keyOf(effect, step), { effect, step });
    }
  }

  // The only clock of a sweep: it runs out when a fake of the user's never settles, and changes no other run.
  #restartClock(): void {
    clearTimeout(this.#clock);
    this.#clock = setTimeout(() => {
      const ids = [...this.#inFlight.keys()];
      for (const id of ids) this.#shared.stuck.add(id);
      this.#hang(ids);
    }, this.#shared.patience);
  }
}

function keyOf(effect: string, id: string): string {
  return JSON.stringify([effect, id]);
}

/** The same output, with all its fields for the rollback to read, but none that the engine accepts. */
function refused(value: unknown): object {
  return Object.defineProperty({ ...value as object }, Symbol.iterator, { value: undefined });
}
