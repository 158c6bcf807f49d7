import type { Outcome } from "../api/host.ts";
import type { RollbackInfo } from "../api/info.ts";
import type { UndoWith } from "../api/policy.ts";
import { attemptUndo } from "../effect/attempt.ts";
import type { Entry, Journal } from "../run/journal.ts";
import type { Scope } from "../run/scope.ts";
import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";

/** A rollback handler without its types. */
export type Handler = (ctx: Context, output: unknown, info: RollbackInfo) => unknown;

/** Pushes the undo of what a step returned, where it has a handler. */
export function pushRollback(
  rollback: UndoWith<Handler> | undefined,
  ctx: Context,
  output: unknown,
  scope: Scope,
  journal: Journal,
  id?: string,
): void {
  if (rollback) journal.push(new HandlerEntry(rollback, ctx, output, scope, id));
}

/** A rollback handler that is due when the run fails; a closure for each took a tenth of the time of a run. */
class HandlerEntry implements Entry {
  readonly step: string;
  readonly #rollback: UndoWith<Handler>;
  readonly #ctx: Context;
  readonly #output: unknown;
  readonly #scope: Scope;
  readonly #id: string | undefined;

  constructor(
    rollback: UndoWith<Handler>,
    ctx: Context,
    output: unknown,
    scope: Scope,
    id: string | undefined,
  ) {
    this.step = scope.path;
    this.#rollback = rollback;
    this.#ctx = ctx;
    this.#output = output;
    this.#scope = scope;
    this.#id = id;
  }

  undo(error: Error): MaybePromise<Outcome> {
    const { run } = this.#rollback;
    const ctx = this.#ctx;
    const output = this.#output;
    const path = this.step;
    const site = { id: this.#id ?? `${path}!undo`, path, ctx, output };
    return attemptUndo(
      this.#rollback,
      site,
      this.#scope,
      (info) => run(ctx, output, info),
      error,
    );
  }
}
