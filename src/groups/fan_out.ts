import type { ItemOptions } from "../api/policy.ts";
import { toError } from "../report/errors.ts";
import { notUndoneError } from "../report/not_undone.ts";
import { Cancellation } from "../run/cancellation.ts";
import type { Journal } from "../run/journal.ts";
import type { Scope } from "../run/scope.ts";
import { type Ending, failure, settle, type Settled, type SettledFailure } from "../run/settled.ts";
import { isPromise, type MaybePromise } from "../values/maybe_promise.ts";
import { groupFailure, siblingFailed } from "./group_failure.ts";
import { Pool } from "./pool.ts";
import { type Source, takeEach } from "./take_each.ts";

/**
 * Runs branches or items concurrently, at most `concurrency` at a time, and takes each from its
 * source when there is room for it. When it returns, every branch that started has settled or been
 * given up, and their undos are on the journal in source order, whichever finished first. The
 * outputs come in the same order.
 *
 * `run` throws only the host's own signal.
 */
export async function fanOut<Item>(
  source: Source<Item>,
  scope: Scope,
  { concurrency = Infinity, onFailure = "abort" }: ItemOptions,
  run: (item: Item, index: number, scope: Scope) => Ending<unknown>,
  pathOf: (index: number) => string = () => scope.path,
): Promise<Settled<unknown[]>> {
  const { run: whole, path, cancellation, deep } = scope;
  // A failing sibling cancels branches without giving them up; only the scope above can do that.
  const [group, release] = cancellation?.child(cancellation.canGiveUp) ??
    [new Cancellation(false), () => {}];
  const journals: Journal[] = [];
  const values: unknown[] = [];
  const failures: SettledFailure[] = [];
  let ran = false;
  const pool = new Pool();
  const isBounded = concurrency < Infinity;
  if (isBounded) group.onCancel(() => pool.giveUpKept());
  const hold = isBounded
    ? (call: Promise<unknown>) => {
      scope.hold?.(call);
      pool.keep(call);
    }
    : scope.hold;
  const failed = (error: unknown, failedStep: string): SettledFailure => {
    if (whole.seam.interruption) throw error;
    return failure(toError(error), failedStep, true);
  };
  const abort = (error: Error) => {
    if (onFailure === "abort") group.cancel(siblingFailed(scope.path, error), undefined, false);
  };

  function store(branch: Settled<unknown>, index: number, journal: Journal): void {
    if (journal.mark > 0) journals[index] = journal;
    ran ||= branch.ran;
    if (branch.ok) values[index] = branch.output;
    else {
      failures[index] = branch;
      abort(branch.error);
    }
  }

  function keep(
    branch: Settled<unknown>,
    item: Item,
    index: number,
    journal: Journal,
  ): MaybePromise<void> {
    if (branch.ok || onFailure !== "collect" || group.error) return store(branch, index, journal);
    return collect(branch, item, journal).then((failure) => store(failure, index, journal));
  }

  function runOne(item: Item, index: number): void {
    const journal = scope.journal.fork();
    const own = { run: whole, path: pathOf(index), journal, cancellation: group, deep, hold };
    let branch: MaybePromise<Settled<unknown>>;
    try {
      branch = settle(run(item, index, own));
    } catch (thrown) {
      branch = Promise.reject(thrown);
    }
    if (!(isPromise(branch))) {
      if (branch.ok) return store(branch, index, journal);
      // Handled later, so that the set of started branches does not depend on how fast one fails.
      branch = Promise.resolve(branch);
    }
    pool.enter();
    branch.then(
      (branch) => pool.leave(keep(branch, item, index, journal)),
      (thrown) => pool.leave(recover(thrown, own.path, item, index, journal)),
    );
  }

  async function recover(
    thrown: unknown,
    path: string,
    ...task: [item: Item, index: number, journal: Journal]
  ): Promise<void> {
    await keep(failed(thrown, path), ...task);
  }

  function start(item: Item, index: number): Promise<void> | undefined {
    runOne(item, index);
    return pool.inFlight < concurrency ? undefined : pool.room(concurrency);
  }

  /**
   * Waits for a place before starting. The item is taken first, or nobody would know it was the
   * last.
   */
  async function startInPlace(item: Item, index: number): Promise<void> {
    await pool.place(concurrency);
    await start(item, index);
  }

  let sourceFailed: SettledFailure | undefined;
  try {
    // Items start immediately while there is room.
    await takeEach(source, group, whole.seam, (item, index) => {
      const hasPlace = pool.inFlight + pool.kept < concurrency;
      return hasPlace ? start(item, index) : startInPlace(item, index);
    });
  } catch (thrown) {
    sourceFailed = { ...failed(thrown, path), ran: false };
    abort(sourceFailed.error);
  }
  await pool.room(1);
  release();
  journals.forEach((journal) => scope.journal.join(journal));
  if (sourceFailed) failures.push(sourceFailed);
  if (failures.length > 0 || group.error) return { ...groupFailure(failures, group, scope), ran };
  return { ok: true, output: values, ran };
}

/** Turns a failure into a value after undoing the branch's effects. */
async function collect(
  { error, ran }: SettledFailure,
  item: unknown,
  journal: Journal,
): Promise<Settled<unknown>> {
  const notUndone = await journal.unwind(error);
  const failed = notUndone.length === 0
    ? error
    : notUndoneError("go on without an item", notUndone, error);
  return { ok: true, output: Object.freeze({ success: false, error: failed, item }), ran };
}
