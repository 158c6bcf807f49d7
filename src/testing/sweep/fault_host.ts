import type { Call, Host, Outcome } from "../../api/host.ts";
import type { LateReport } from "../../api/late_report.ts";
import { TimeoutError } from "../../report/errors.ts";
import type { Effect } from "./effect.ts";
import { FaultWire, latency, type Sent } from "./fault_wire.ts";
import {
  attemptId,
  join,
  labelOf,
  parseId,
  stepOf,
  stepPath,
  withoutIndexes,
} from "../../run/paths.ts";
import { testKit } from "../../run/runs_inside.ts";
import type { Run } from "../../run/scope.ts";
import { Seam } from "../../run/seam.ts";
import type { Fault, SweptCall } from "./faults.ts";
import { InferredBooks } from "./inferred_books.ts";
import type { Books } from "./ledger.ts";
import { Rest } from "./rest.ts";
import { addChange, difference, type Totals, totalsOf } from "./totals.ts";

type Perform = (signal?: AbortSignal) => Promise<Outcome>;

/** State shared by the runs of one sweep. */
export interface Shared {
  /** Tells which effects are in place. */
  readonly books: Books;
  /** How long a run may be idle before it counts as hanging, in milliseconds. */
  readonly patience: number;
  /** Makes the error of a fault. */
  readonly error: (call: Call) => Error;
  /** The calls that hung without a fault; later runs do not wait for them again. */
  readonly stuck: Set<string>;
}

/** Injects the planned faults into the calls of one run, and records what happens. */
export class FaultHost implements Host {
  /** All calls, in the order in which they started. */
  readonly calls: Call[] = [];
  /** The ids of calls reported to the run as successful. */
  readonly succeeded: Set<string> = new Set<string>();
  /** The errors that faults passed to the run. */
  readonly injected: Set<unknown> = new Set<unknown>();
  /** The effects that each undo removed, by kind. */
  readonly undone: Map<string, Totals> = new Map<string, Totals>();
  /** The values returned by successful attempts, by path. */
  readonly values: Map<string, unknown> = new Map<string, unknown>();
  /** Aborts the run on behalf of its caller. */
  readonly controller: AbortController = new AbortController();
  /** Resolves with the ids of the hanging calls once the run is known not to end. */
  readonly hung: Promise<readonly string[]>;
  /** Whether a call that was to be given up settled synchronously. */
  wasInTime = false;
  /** The call that was made to hang, if no timeout would have ended it. */
  endless: string | undefined;
  /** An effect that a successful call did not await. */
  notAwaited: Effect | undefined;
  /** The outcomes of abandoned attempts. */
  readonly late: LateReport[] = [];
  /** The connection to the other side, for fakes that use a ledger. */
  readonly wire: FaultWire;
  readonly #shared: Shared;
  readonly #plan: ReadonlyMap<string, Fault>;
  readonly #rest: Rest;
  readonly #inFlight = new Map<string, Call>();
  readonly #givenUp = new Set<string>();
  readonly #watches: Promise<unknown>[] = [];
  readonly #strikes = new Map<string, () => void>();
  /** The effects that were in place before each undo in flight, but for what others have changed. */
  readonly #before = new Map<string, Map<string, number>>();
  readonly #standing = new Map<string, { readonly amount: number; readonly by: string }>();
  readonly #made = new Map<string, { readonly step: string; readonly effect: string }>();
  /** The number of runs inside each attempt, by the name of what runs. */
  readonly #runsInside = new Map<string, number>();
  /** Resolves when every call so far has begun. */
  #begun: Promise<void> = Promise.resolve();
  /** The call whose code runs or ran last. */
  #current: Call | undefined;
  /** The same, as long as no timer can have let the code of another one run. */
  #certain: Call | undefined;
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
      isCertain: () => this.#certain !== undefined,
      goesOn: (call) => this.#runs(call),
      land: (sent, act) => this.#land(sent, act),
      strike: (call) => this.#strike(call),
      error: (call) => this.#error(call),
    }, this.#rest);
    this.#restartClock();
  }

  async perform(call: SweptCall, fn: Perform): Promise<Outcome> {
    const { books, stuck } = this.#shared;
    this.#restartClock();
    await (this.#begun = this.wire.turn());
    this.#attribute(this.#active());
    this.calls.push(call);
    if (stuck.has(call.id)) {
      this.#hang([call.id]);
      return await new Promise(() => {});
    }
    if (books instanceof InferredBooks) this.#change(call, () => books.learn(call));
    if (call.kind === "undo") this.#before.set(call.id, new Map(totalsOf(books.left())));
    if (this.#isLate(call)) await this.#rest.wait("undo");
    const running = this.#inject(call, async (signal) => {
      this.#runs(call);
      testKit.takeOver = (run, name) => this.#takeOver(call, run, name);
      const running = fn(signal);
      testKit.takeOver = undefined;
      const outcome = await running;
      if (outcome.ok && books instanceof InferredBooks) {
        this.#change(call, () => books.done(call));
      }
      return outcome;
    });
    this.#attribute([call.path]);
    this.#inFlight.set(call.id, call);
    const outcome = await running;
    // Calls that were made at the same time are in flight when one of them fails.
    await this.#begun;
    this.#restartClock();
    this.#attribute(this.#active());
    this.#inFlight.delete(call.id);
    if (outcome.ok) this.#succeed(call, outcome.value);
    else this.#givenUp.add(call.path);
    // Effects that are inferred are those of the step.
    const isInferredPart = books instanceof InferredBooks && call.within;
    const before = this.#before.get(call.id);
    this.#before.delete(call.id);
    if (before && !isInferredPart) {
      this.undone.set(call.id, difference(before, totalsOf(books.left())));
    }
    return outcome;
  }

  /** Performs the calls that acquire and release resources, marked as such. */
  get resources(): Host {
    return {
      perform: (call, fn) => this.perform({ ...call, isOfResource: true }, fn),
      sleep: (wait) => this.sleep(wait),
    };
  }

  /** Carries out the undos of a run inside a step, which `undo` undoes, as calls of their own. */
  #takeOver(undo: SweptCall, run: Run, name: string): void {
    undo.isOfRun = true;
    const { path: step = "", attempt = 1 } = parseId(undo.id) ?? {};
    const first = join(attemptId(step, attempt), labelOf(name));
    const count = (this.#runsInside.get(first) ?? 0) + 1;
    this.#runsInside.set(first, count);
    const root = count === 1 ? first : `${first}#${count}`;
    const idIn = (id: string) => id.startsWith("@") ? `${root}${id}` : join(root, id);
    const pathIn = (path: string) => join(stepPath(root), path);
    run.seam = new Seam({
      perform: ({ id, path, ...call }, fn) =>
        this.perform({ ...call, id: idIn(id), path: pathIn(path), within: undo.id }, fn),
      sleep: ({ id }) => this.sleep({ id: idIn(id) }),
    });
    const onLate = (late: LateReport) => this.onLate({ ...late, step: pathIn(late.step) });
    run.options = { ...run.options, onLate, waitUntil: this.waitUntil };
  }

  async sleep({ id }: { readonly id: string }): Promise<void> {
    this.#restartClock();
    // An undo by key waits until the other side has finished the attempt, and so until everything
    // else is at rest.
    const { isWait, attempt, undo } = parseId(id) ?? {};
    if (isWait && attempt === undefined && undo === undefined) await this.#rest.wait("wait");
  }

  /** The path of the call that left an effect in place. */
  madeBy(effect: string, id: string): string | undefined {
    return this.#standing.get(keyOf(effect, id))?.by;
  }

  /** The kinds of effects that steps have had. */
  made(): readonly { readonly step: string; readonly effect: string }[] {
    return [...this.#made.values()];
  }

  /** Called with the outcome of each abandoned attempt. */
  onLate(late: LateReport): void {
    const { books } = this.#shared;
    this.late.push(late);
    if (books instanceof InferredBooks) this.#change(undefined, () => books.late(late));
    this.#attribute(this.#active());
  }

  /** Waits for a promise as long as the run is not idle. */
  async untilIdle(promise: Promise<unknown>): Promise<void> {
    this.#restartClock();
    await Promise.race([promise, this.hung]);
  }

  /** Called with work that a run does not wait for. */
  readonly waitUntil = (watch: Promise<unknown>): void => {
    this.#watches.push(watch);
  };

  /** Waits for abandoned calls, for anything held back, and for the consequences of either. */
  async atRest(): Promise<void> {
    do {
      await Promise.allSettled(this.#watches.splice(0));
      await this.#rest.over();
    } while (this.#watches.length > 0);
  }

  /** Stops the clock; anything held back is never released. */
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

  /**
   * Whether an undo concerns a late attempt. It is held back until everything else is at rest, when
   * it does the most harm.
   */
  #isLate({ id, kind }: Call): boolean {
    const undo = kind === "undo" && parseId(id);
    if (!undo || (undo.attempt === undefined && undo.undo !== "key")) return false;
    return [...this.#plan].some(([planned, fault]) => {
      if (fault !== "late" && fault !== "abort") return false;
      const { path, attempt = 1 } = parseId(planned) ?? {};
      return path === undo.path && (undo.attempt === undefined || attempt === undo.attempt);
    });
  }

  /**
   * Gives a call up at once, as a timeout would; the call continues, as if it ignored its signal.
   */
  async #giveUp(call: Call, fn: Perform): Promise<Outcome> {
    const running = this.#keepClock(call, fn);
    this.#strike(call);
    const outcome = await running;
    if (!outcome.ok && call.timeout === undefined) this.endless = call.id;
    return outcome;
  }

  /** Makes a call that times out when `#strike` says so. */
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

  /** Gives a call up: by its timeout, or, if it has none, by the caller's abort. */
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

  /** Notes that the code of a call runs now, and that no other does for a while. */
  #runs(call: Call): void {
    this.#current = this.#certain = call;
    latency().then(() => {
      if (this.#certain === call) this.#certain = undefined;
    });
  }

  #owner(): Call {
    // A guess if several calls are in flight and a fake waits for a timer.
    return this.#current ?? this.calls.at(-1)!;
  }

  #land<T>({ effect: { call }, isCertain }: Sent, act: () => T): T {
    this.#restartClock();
    const answer = isCertain ? this.#change(call, act) : act();
    if (isCertain) this.#runs(call);
    else this.#current = call;
    this.#attribute([call.path]);
    return answer;
  }

  /** The ids of a call and of the undos that it is within. */
  *#around(call: SweptCall | undefined): Generator<string> {
    for (let one = call; one; one = this.calls.find(({ id }) => id === one?.within)) yield one.id;
  }

  /** Changes the books for a call. The other undos in flight have not undone that. */
  #change<T>(call: SweptCall | undefined, change: () => T): T {
    const { books } = this.#shared;
    const before = totalsOf(books.left());
    const value = change();
    const after = totalsOf(books.left());
    const own = [...this.#around(call)];
    for (const [id, totals] of this.#before) {
      if (!own.includes(id)) addChange(totals, before, after);
    }
    return value;
  }

  #error(call: Call): Error {
    const error = this.#shared.error(call);
    this.injected.add(error);
    return error;
  }

  /** The paths whose code may be running. If no call is in flight, abandoned ones may still be. */
  #active(): Iterable<string> {
    return this.#inFlight.size > 0
      ? [...this.#inFlight.values()].map(({ path }) => path)
      : this.#givenUp;
  }

  /** Attributes new effects to the given paths. */
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

  // The only real time in a sweep: it expires only if a user's fake never settles. It is measured
  // in slices, as a machine that stands still must not use it up.
  #restartClock(slices = 10): void {
    clearTimeout(this.#clock);
    this.#clock = setTimeout(() => {
      if (slices > 1) return this.#restartClock(slices - 1);
      const ids = [...this.#inFlight.keys()];
      for (const id of ids) this.#shared.stuck.add(id);
      this.#hang(ids);
    }, this.#shared.patience / 10);
  }
}

function keyOf(effect: string, id: string): string {
  return JSON.stringify([effect, id]);
}

/** Makes an output invalid without removing any field that the rollback might read. */
function refused(value: unknown): object {
  return Object.defineProperty({ ...value as object }, Symbol.iterator, {
    value: Array.prototype.values,
  });
}
