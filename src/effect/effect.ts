import type { Call } from "../api/host.ts";
import type { RollbackInfo } from "../api/info.ts";
import type { KeyUndo, Patience, RetryPolicy, UndoWith } from "../api/policy.ts";
import type { Scope } from "../run/scope.ts";
import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { LazyInfo } from "./info.ts";

/** User code as it is defined: how it is called, tried again, timed and undone. It serves all runs. */
export interface Effect extends Patience {
  /** What kind of code it is. */
  readonly kind: Call["kind"];
  /** When to try again. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout?: number | undefined;
  /** Whether all attempts together are one effect, by the one key that they send. */
  readonly idempotent?: boolean | undefined;
  /** Calls the user's function; `info` is what it may be told. */
  readonly call: (site: Site, info: LazyInfo) => unknown;
  /** Undoes what an attempt returned. */
  readonly rollback?: UndoWith<Rollback> | undefined;
  /** Undoes what happened under a key, where nobody has the output. */
  readonly undoByKey?: KeyUndo<UndoByKey> | undefined;
  /** Validates what an attempt returned. */
  readonly check?: (raw: unknown, scope: Scope) => MaybePromise<Checked>;
}

/** A rollback handler without its types. */
export type Rollback = (ctx: Context, output: unknown, info: RollbackInfo) => unknown;

/** An undo by key without its types. */
export type UndoByKey = (ctx: Context, info: RollbackInfo) => unknown;

/** What an output adds to the context; with an error, the output as it was returned. */
export type Checked = { readonly output: Context; readonly error?: never } | {
  readonly output: unknown;
  readonly error: Error;
};

/** Where in a run an effect stands. */
export interface Site {
  /** Its id without the attempt. */
  readonly id: string;
  /** What messages and reports call it. */
  readonly path: string;
  /** The context that it sees. */
  readonly ctx: Context;
  /** The scope that it runs in. */
  readonly scope: Scope;
  /** What is to be undone. */
  readonly output?: unknown;
  /** The item of a collection that it is called for, and the item's number. */
  readonly item?: unknown;
  readonly index?: number;
  /** Why there is an undo, and the key of the effect that it undoes, within the run. */
  readonly error?: Error;
  readonly effectKey?: string;
}
