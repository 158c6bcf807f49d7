import type { ItemOptions } from "../api/policy.ts";
import { toError } from "../report/errors.ts";
import { Cancellation } from "../run/cancellation.ts";
import type { Journal } from "../run/journal.ts";
import { itemPath } from "../run/paths.ts";
import type { Scope } from "../run/scope.ts";
import {
  type Ending,
  failure,
  isPending,
  isSettled,
  type Settled,
  type SettledFailure,
  success,
} from "../run/settled.ts";
import { cast } from "../values/cast.ts";
import { seal } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { newList } from "../values/new_list.ts";
import { Branch, type Group } from "./branch.ts";
import { groupFailure, siblingFailed } from "./group_failure.ts";
import { isAwaited, type NextItem, OpenSource, type Source } from "./source.ts";

/** The work of a group: its source, and what to run for each item. */
export interface Work<Item> {
  readonly source: Source<Item>;
  readonly options: ItemOptions;
  /** Runs a branch or an item; throws only the host's own signal. */
  readonly run: (branch: Branch<Item>) => Ending<unknown>;
  /** Builds the path of a branch; without it, branches have the path of the group. */
  readonly pathOf?: (index: number) => string;
  /** The number of branches, if the source does not know it. */
  readonly total?: number | undefined;
  /** Whether user code has run before the first branch. */
  readonly hasRun?: boolean;
  /** Whether an item cannot tell when it has ended for the engine, as it has no signal or `defer`. */
  readonly isBlind?: boolean;
  /** Turns the outputs of the branches, in source order, into the output of the group. */
  readonly gather: (outputs: unknown[]) => Record<string, unknown>;
}

/**
 * Runs branches or items concurrently, at most `concurrency` at a time, and takes each from its
 * source when there is room for it. When it returns, every branch that started has settled or been
 * given up, and their undos are on the journal in source order, whichever finished first. The
 * outputs have the same order.
 */
export function fanOut<Item>(work: Work<Item>, scope: Scope): Promise<Settled> {
  return new Lanes(work, scope).run();
}

/**
 * One lane for each branch that may be in flight; a lane runs one branch after another. Lanes are
 * async functions awaited by `Promise.all`, so that the stack of an error includes the caller.
 */
class Lanes<Item> implements Group {
  readonly scope: Scope;
  readonly cancellation: Cancellation;
  readonly pathOf: (index: number) => string;
  readonly hold: Scope["hold"];
  readonly #work: Work<Item>;
  readonly #limit: number;
  readonly #onFailure: ItemOptions["onFailure"];
  readonly #source: OpenSource<Item>;
  /** The outputs, failures and journals of the branches, by index. */
  readonly #outputs = newList<unknown>();
  #failures: SettledFailure[] | undefined = undefined;
  #journals: Journal[] | undefined = undefined;
  #sourceFailure: SettledFailure | undefined = undefined;
  #ran: boolean;
  #started = 0;
  #inFlight = 0;
  /** The number of places kept for abandoned calls. */
  #kept = 0;
  /** Ends the wait for a place. */
  #wake: (() => void) | undefined = undefined;
  /** The wait of the lane whose turn it is to take an item; the others queue behind it. */
  #turn: Promise<void> | undefined = undefined;

  constructor(work: Work<Item>, scope: Scope) {
    const { concurrency = Infinity, onFailure = "abort" } = work.options;
    this.scope = scope;
    this.pathOf = work.pathOf ?? (() => scope.path);
    this.#work = work;
    this.#ran = work.hasRun ?? false;
    this.#limit = concurrency;
    this.#onFailure = onFailure;
    // A failing sibling cancels branches without giving them up; only the scope above can do that.
    const { cancellation } = scope;
    this.cancellation = new Cancellation(cancellation, cancellation?.canGiveUp ?? false);
    this.#source = new OpenSource(this.cancellation, scope.run.seam);
    const isBounded = concurrency < Infinity;
    if (isBounded) this.cancellation.listen({ onCancel: () => this.#wake?.() });
    this.hold = isBounded ? (call) => this.#keepPlace(call) : scope.hold;
  }

  async run(): Promise<Settled> {
    const lanes = newList<Promise<void>>();
    const together = newList<Branch<Item>>();
    try {
      const opening = this.#open();
      if (opening) await opening;
      const mayWait = this.#mayWaitForAll();
      // Items start immediately while there is room.
      while (lanes.length < this.#limit) {
        const starting = this.#startNext();
        const branch = isStarted(starting) ? starting : await starting;
        if (!branch) break;
        if (mayWait && !hasOwnThen(branch.promise)) together.push(branch);
        else lanes.push(this.#runLane(branch));
      }
      if (together.length > 0) await this.#waitForAll(together);
      if (lanes.length > 0 || together.length === 0) await Promise.all(lanes);
    } finally {
      this.#source.close();
      this.cancellation.release();
    }
    return this.#conclude();
  }

  #mayWaitForAll(): boolean {
    const { run, watch, cancellation } = this.scope;
    const isSeen = watch || cancellation?.canGiveUp || !run.seam.isDirect ||
      this.#onFailure === "collect";
    return this.#work.isBlind === true && !isSeen && this.#limit === Infinity &&
      this.#source.isArray;
  }

  /** Waits for all at once, which costs much less than a lane for each. */
  async #waitForAll(branches: readonly Branch<Item>[]): Promise<void> {
    // Once for each, as the `then` of a user's object may do its work again.
    const promises = branches.map(({ promise }) => Promise.resolve(promise));
    let values: readonly unknown[];
    try {
      values = await Promise.all(promises);
    } catch {
      const outcomes = await Promise.allSettled(promises);
      branches.forEach((branch, n) => {
        const outcome = outcomes[n]!;
        const ending = outcome.status === "fulfilled"
          ? branch.land(outcome.value)
          : branch.crash(outcome.reason);
        this.#store(branch, cast(ending));
      });
      return;
    }
    branches.forEach((branch, n) => this.#store(branch, cast(branch.land(values[n]))));
  }

  #conclude(): Settled {
    const { scope, cancellation } = this;
    const ran = this.#ran;
    const journals = this.#journals;
    const failures = this.#failures ?? [];
    if (journals) scope.journal.joinAll(journals, this.#work.options.undoConcurrency ?? 1);
    if (this.#sourceFailure) failures.push(this.#sourceFailure);
    if (failures.length > 0 || cancellation.error) {
      return groupFailure(failures, cancellation, scope, ran);
    }
    return success(seal(this.#work.gather(this.#outputs), scope.deep), ran);
  }

  #open(): MaybePromise<void> {
    try {
      const opening = this.#source.open(this.#work.source);
      return opening && opening.catch((thrown) => this.#failSource(thrown));
    } catch (thrown) {
      this.#failSource(thrown);
    }
  }

  // It has few variables, because every item of an unbounded group holds them while in flight, and
  // sets its parameter, which would keep the first branch.
  async #runLane(branch: Branch<Item> | undefined): Promise<void> {
    while (branch) {
      let ending: Ending<unknown>;
      try {
        ending = branch.land(await branch.promise);
      } catch (thrown) {
        ending = branch.crash(thrown);
      }
      const next = this.#finish(branch, ending);
      branch = isStarted(next) ? next : await next;
    }
  }

  /** Stores the result of a branch if it has one; returns the next one that is pending. */
  #finish(branch: Branch<Item>, ending: Ending<unknown>): MaybePromise<Branch<Item> | undefined> {
    if (isSettled(ending)) {
      if (this.#mustCollect(ending)) return this.#finishLater(branch, ending);
      this.#store(branch, ending);
      this.#leave();
      return this.#startNext();
    }
    branch.ending = ending;
    return isPending(ending) ? branch : this.#finishLater(branch, ending);
  }

  async #finishLater(
    branch: Branch<Item>,
    settling: MaybePromise<Settled<unknown>>,
  ): Promise<Branch<Item> | undefined> {
    try {
      const settled = await settling;
      if (this.#mustCollect(settled)) this.#store(branch, await collect(settled, branch), true);
      else this.#store(branch, settled);
    } catch (thrown) {
      this.#store(branch, this.#failed(thrown, branch.path));
    } finally {
      this.#leave();
    }
    return await this.#startNext();
  }

  #mustCollect(settled: Settled<unknown>): settled is SettledFailure {
    return !settled.ok && this.#onFailure === "collect" && !this.cancellation.error;
  }

  #leave(): void {
    this.#inFlight--;
    this.#wake?.();
  }

  /** Starts branches until one is pending; returns that one, or `undefined` after the last. */
  #startNext(): MaybePromise<Branch<Item> | undefined> {
    for (;;) {
      const taking = this.#takeInTurn();
      if (isAwaited(taking)) return taking.then((taken) => this.#startTaken(taken));
      if (!taking) return undefined;
      const branch = this.#start(taking.item);
      if (branch) return branch;
    }
  }

  #startTaken(taken: NextItem<Item>): MaybePromise<Branch<Item> | undefined> {
    return taken && (this.#start(taken.item) ?? this.#startNext());
  }

  #takeInTurn(): MaybePromise<NextItem<Item>> {
    const taking = this.#turn ? this.#turn.then(() => this.#take()) : this.#take();
    if (isAwaited(taking)) {
      const end = () => {
        if (this.#turn === turn) this.#turn = undefined;
      };
      const turn = this.#turn = taking.then(end, end);
    }
    return taking;
  }

  #take(): MaybePromise<NextItem<Item>> {
    try {
      const taking = this.#source.take();
      return isAwaited(taking)
        ? taking.then((taken) => this.#place(taken), (thrown) => this.#failSource(thrown))
        : this.#place(taking);
    } catch (thrown) {
      return this.#failSource(thrown);
    }
  }

  /** Waits for a place. The item is taken first, to know that there is one. */
  #place(taken: NextItem<Item>): MaybePromise<NextItem<Item>> {
    return taken && this.#inFlight + this.#kept >= this.#limit ? this.#waitForPlace(taken) : taken;
  }

  async #waitForPlace(taken: NextItem<Item>): Promise<NextItem<Item>> {
    while (this.#inFlight + this.#kept >= this.#limit && !this.cancellation.error) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return taken;
  }

  #keepPlace(call: Promise<unknown>): void {
    this.scope.hold?.(call);
    this.#kept++;
    call.then(() => {
      this.#kept--;
      this.#wake?.();
    });
  }

  /** Starts a branch; returns it if it is pending. */
  #start(item: Item): Branch<Item> | undefined {
    const branch = new Branch(this, item, this.#started++);
    let ending: Ending<unknown>;
    try {
      ending = this.#work.run(branch);
    } catch (thrown) {
      ending = Promise.reject(thrown);
    }
    if (isSettled(ending) && ending.ok) return this.#store(branch, ending);
    branch.ending = ending;
    this.#inFlight++;
    return branch;
  }

  #store(
    { index, forked }: Branch<Item>,
    settled: Settled<unknown>,
    hasFailed = !settled.ok,
  ): undefined {
    if (forked && forked.mark > 0) (this.#journals ??= newList())[index] = forked;
    this.#ran ||= settled.ran;
    if (settled.ok) this.#outputs[index] = settled.output;
    else {
      (this.#failures ??= newList())[index] = settled;
      this.#abort(settled.error);
    }
    this.scope.watch?.progress(hasFailed, this.#source.total ?? this.#work.total);
  }

  #failSource(thrown: unknown): undefined {
    const { error, failedStep } = this.#failed(thrown, this.scope.path);
    this.#sourceFailure = failure(error, failedStep, false);
    this.#abort(error);
  }

  #failed(thrown: unknown, path: string): SettledFailure {
    if (this.scope.run.seam.interruption) throw thrown;
    return failure(toError(thrown), path, true);
  }

  #abort(error: Error): void {
    if (this.#onFailure !== "abort") return;
    this.cancellation.cancel(siblingFailed(this.scope.path, error), undefined, false);
  }
}

function isStarted<Item>(
  starting: MaybePromise<Branch<Item> | undefined>,
): starting is Branch<Item> | undefined {
  return starting === undefined || starting instanceof Branch;
}

/** Whether a promise has a `then` that only a lane ignores, as `await` does. */
function hasOwnThen(promise: unknown): boolean {
  return promise instanceof Promise && Object.hasOwn(promise, "then");
}

/** Turns a failure into a value after undoing the branch's effects. */
async function collect(
  { error, ran }: SettledFailure,
  branch: Branch<unknown>,
): Promise<Settled<unknown>> {
  const { item, journal, index, path, group } = branch;
  // Branches have the path of their group.
  const id = path === group.scope.path ? itemPath(path, index) : path;
  const notUndone = await journal.undoBefore("go on without an item", error, branch, 0, id);
  return success(Object.freeze({ success: false, error: notUndone ?? error, item }), ran);
}
