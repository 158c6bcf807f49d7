import type { Collection } from "../api/collection.ts";
import type { ItemOptions } from "../api/policy.ts";
import { AbortedError, isRunsheetError, RollbackError, toError } from "../report/errors.ts";
import { Cancellation } from "../run/cancellation.ts";
import type { Journal } from "../run/journal.ts";
import type { Scope } from "../run/scope.ts";
import type { Branch, FailedBranch } from "../run/settled.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import { show } from "../values/show.ts";
import { Pool } from "./pool.ts";
import { takeEach } from "./take_each.ts";

/** What a group came to: the values in the order of the tasks, or a failure. */
export type FannedOut =
  | { readonly ok: true; readonly values: unknown[]; readonly ran: boolean }
  | FailedBranch;

/**
 * Runs branches or items side by side, at most `concurrency` at once; each is taken from the collection when there is
 * room for it. By the time it returns, all that started have settled or been given up, and their undos are on the stack
 * in the order of the collection, whoever finished first.
 *
 * `run` throws only the host's own signal.
 */
export async function fanOut<Item>(
  items: Collection<Item>,
  scope: Scope,
  { concurrency = Infinity, onFailure = "abort" }: ItemOptions,
  run: (item: Item, index: number, scope: Scope) => MaybePromise<Branch>,
  pathOf: (index: number) => string = () => scope.path,
): Promise<FannedOut> {
  const { run: whole, path, cancellation, deep } = scope;
  // The group alone waits for what is in flight.
  const [group, release] = cancellation?.child(cancellation.canGiveUp) ??
    [new Cancellation(false), () => {}];
  const journals: Journal[] = [];
  const values: unknown[] = [];
  const failures: FailedBranch[] = [];
  let ran = false;
  const pool = new Pool();
  const failed = (error: unknown, failedStep: string): FailedBranch => {
    if (whole.seam.interruption) throw error;
    return { ok: false, error: toError(error), failedStep, ran: true };
  };
  const abort = (error: Error) => {
    if (onFailure === "abort") group.cancel(siblingFailed(scope.path, error), undefined, false);
  };

  function store(branch: Branch, index: number, journal: Journal): void {
    if (journal.mark > 0) journals[index] = journal;
    ran ||= branch.ran;
    if (branch.ok) values[index] = branch.output;
    else {
      failures[index] = branch;
      abort(branch.error);
    }
  }

  function keep(branch: Branch, item: Item, index: number, journal: Journal): MaybePromise<void> {
    if (branch.ok || onFailure !== "collect" || group.error) return store(branch, index, journal);
    return collect(branch, item, journal).then((failure) => store(failure, index, journal));
  }

  function runOne(item: Item, index: number): void {
    const journal = scope.journal.fork();
    const own = { run: whole, path: pathOf(index), journal, cancellation: group, deep };
    let branch: MaybePromise<Branch>;
    try {
      branch = run(item, index, own);
    } catch (thrown) {
      branch = Promise.reject(thrown);
    }
    if (!(branch instanceof Promise)) {
      if (branch.ok) return store(branch, index, journal);
      // Later, so that what starts does not depend on how fast the first one fails.
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

  let sourceFailed: FailedBranch | undefined;
  try {
    // Where there is room all start at once.
    await takeEach(items, group, (item, index) => {
      runOne(item, index);
      return pool.inFlight < concurrency ? undefined : pool.room(concurrency);
    });
  } catch (thrown) {
    sourceFailed = { ...failed(thrown, path), ran: false };
    abort(sourceFailed.error);
  }
  await pool.room(1);
  release();
  journals.forEach((journal) => scope.journal.join(journal));
  if (sourceFailed) failures.push(sourceFailed);
  if (failures.length > 0 || group.error) return { ...oneOf(failures, group, scope), ran };
  return { ok: true, values, ran };
}

function siblingFailed(path: string, cause: Error): AbortedError {
  return new AbortedError(`Cannot go on in '${path}' as none of it must fail: ${show(cause)}`, {
    cause,
  });
}

/** A failure as a value, once its own effects are undone. */
async function collect(
  { error, ran }: FailedBranch,
  item: unknown,
  journal: Journal,
): Promise<Branch> {
  const notUndone = await journal.unwind(error);
  const causes = notUndone.map((undo) => undo.error);
  const failed = causes.length === 0 ? error : new RollbackError(
    `Cannot go on without an item as what it did must be undone first: ${
      causes.map(show).join("; ")
    }`,
    causes,
    { cause: error },
  );
  return { ok: true, output: Object.freeze({ success: false, error: failed, item }), ran };
}

/** What a group fails with: the one failure, or all of them in order. */
function oneOf(
  failures: readonly FailedBranch[],
  group: Cancellation,
  { path, cancellation }: Scope,
): Omit<FailedBranch, "ran"> {
  // A branch that stopped because it was told to has not failed of itself.
  const own = failures.filter(({ error }) => !isConsequence(error, group));
  const [first, ...others] = own;
  if (!first) return { ok: false, error: cancellation?.error ?? group.error!, failedStep: path };
  if (others.length === 0) return first;
  const errors = own.map(({ error }) => error);
  const message = `Cannot finish '${path}' as none of it must fail: ${errors.map(show).join("; ")}`;
  return { ok: false, error: new AggregateError(errors, message), failedStep: path };
}

/** Whether a branch failed only because it was told to stop. */
function isConsequence(error: Error, { error: reason }: Cancellation): boolean {
  // A predicate's failure is the cause of another error.
  const failure = isRunsheetError(error, "PREDICATE") ? error.cause : error;
  if (!reason || error === reason.cause) return false;
  if (error === reason || failure === reason) return true;
  return failure instanceof Error && (failure.cause === reason || failure.name === "AbortError");
}
