import type { NamedUndo } from "../api/host.ts";
import type { Span } from "../api/observer.ts";
import type { RollbackInfo } from "../api/info.ts";
import type { Context } from "../values/context.ts";

/** An untyped rollback handler. */
export type Rollback = (ctx: Context, output: unknown, info: RollbackInfo) => unknown;

/** An untyped handler that undoes by key. */
export type UndoByKey = (ctx: Context, info: RollbackInfo) => unknown;

/** An untyped handler of an undo that is deferred by name. */
export type UndoByName = (ctx: Context, data: unknown, info: RollbackInfo) => unknown;

/** The value that a successful attempt returned, and the output that it adds to the context. */
export class Returned {
  declare readonly raw: unknown;
  declare output: unknown;

  constructor(raw: unknown, output: unknown = raw) {
    this.raw = raw;
    this.output = output;
  }
}

/** Data that only some kinds of calls have. */
export interface Extra {
  /** The id without the attempt number, if it differs from the path. */
  readonly id?: string;
  /** The item of a collection, and its index. */
  readonly item?: unknown;
  readonly index?: number;
  /** For an undo: the output to undo, the reason, and the key of the effect within the run. */
  readonly output?: unknown;
  readonly error?: Error;
  readonly effectKey?: string;
  readonly undo?: NamedUndo | undefined;
  readonly call?: (info: RollbackInfo) => unknown;
  /** The span of the step that it undoes, if the run is observed. */
  readonly of?: Span | undefined;
}
