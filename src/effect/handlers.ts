import type { RollbackInfo } from "../api/info.ts";
import type { Context } from "../values/context.ts";

/** A rollback handler without its types. */
export type Rollback = (ctx: Context, output: unknown, info: RollbackInfo) => unknown;

/** An undo by key without its types. */
export type UndoByKey = (ctx: Context, info: RollbackInfo) => unknown;

/** What an output adds to the context; with an error, the output as it was returned. */
export type Checked = { readonly output: Context; readonly error?: never } | {
  readonly output: unknown;
  readonly error: Error;
};

/** What only some calls have. */
export interface Extra {
  /** The id without the attempt, where it is not the path. */
  readonly id?: string;
  /** The item of a collection that it is called for, and the item's number. */
  readonly item?: unknown;
  readonly index?: number;
  /** What is to be undone, why, and the key of that effect within the run. */
  readonly output?: unknown;
  readonly error?: Error;
  readonly effectKey?: string;
}
