// The nodes of the floor and their calls of user code.
import type { Schema } from "@runsheet/runsheet";
import { type Context, EMPTY, isThenable } from "./values.ts";

/** A step, group or pipeline. */
export interface Node {
  readonly name: string;
  readonly requires: Schema | undefined;
  readonly provides: Schema | undefined;
  /** Runs it; throws a {@linkcode Failed}. */
  readonly start: (ctx: Context, scope: Scope, label: string) => Ending;
}

/** An output, a promise of it, or a call whose promise the caller awaits. */
export type Ending = Context | Promise<Context> | Call;

/** The state of a run, a nested pipeline or a branch. */
export class Scope {
  readonly root: Root;
  readonly path: string;
  /** The calls to undo. */
  readonly undos: Call[];
  readonly group: Group | undefined;
  /** The children that a middleware replaced. */
  replaced: string[] | undefined = undefined;

  constructor(root: Root, path: string, undos: Call[], group: Group | undefined) {
    this.root = root;
    this.path = path;
    this.undos = undos;
    this.group = group;
  }
}

/** The identity of a run. */
export class Root {
  readonly name: string;
  #id: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get id(): string {
    return this.#id ??= crypto.randomUUID();
  }
}

/** Aborts the branches or items in flight once one has failed. */
export class Group {
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  abort(reason: unknown): void {
    this.#controller?.abort(reason);
  }
}

const NONE: readonly string[] = Object.freeze([]);

/** A failure on its way to the caller. */
export class Failed {
  readonly error: Error;
  readonly failedStep: string;
  /** Whether user code was called. */
  readonly ran: boolean;
  /** The children of the outermost pipeline so far that ran. */
  executed: readonly string[] = NONE;

  constructor(thrown: unknown, failedStep: string, ran: boolean) {
    this.error = toError(thrown);
    this.failedStep = failedStep;
    this.ran = ran;
  }
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export function join(path: string, label: string): string {
  return path === "" ? label : `${path}/${label}`;
}

const TARGET = {};

/** The handler of the proxy that user code receives as its info. */
export abstract class Info implements ProxyHandler<object> {
  abstract readonly names: readonly string[];
  abstract read(name: string | symbol): unknown;

  get shown(): object {
    return new Proxy(TARGET, this);
  }

  get(target: object, name: string | symbol): unknown {
    return this.has(target, name) ? this.read(name) : Reflect.get(target, name);
  }

  has(_target: object, name: string | symbol): boolean {
    return this.names.includes(name as string);
  }

  ownKeys(): readonly string[] {
    return this.names;
  }

  getOwnPropertyDescriptor(target: object, name: string | symbol): PropertyDescriptor | undefined {
    if (!this.has(target, name)) return undefined;
    return { value: this.read(name), enumerable: true, configurable: true };
  }

  set(): boolean {
    return false;
  }

  defineProperty(): boolean {
    return false;
  }

  deleteProperty(): boolean {
    return false;
  }

  setPrototypeOf(): boolean {
    return false;
  }

  preventExtensions(): boolean {
    return false;
  }
}

type Undo = (info: object) => unknown;

/** A user's function, and what surrounds it. */
export interface Work {
  /** Calls it; an item comes before the context. */
  readonly run: (call: Call, info: object) => unknown;
  /** Whether it may defer undos. */
  readonly takesInfo: boolean;
  readonly read: (value: unknown) => Context;
  readonly rollback: ((ctx: Context, output: unknown, info: object) => unknown) | undefined;
  readonly timeout: number | undefined;
}

/** The user code that is being called, until it returns or awaits. */
const calling: { by: Call | undefined } = { by: undefined };

export function callerNow(): Call | undefined {
  return calling.by;
}

/** The call of a user's function: its info, its pending promise and its undo. */
export class Call extends Info {
  declare readonly work: Work;
  declare readonly ctx: Context;
  declare readonly scope: Scope;
  declare readonly label: string;
  declare readonly item: unknown;
  declare readonly index: number | undefined;
  /** The output to undo, once there is one. */
  declare output: unknown;
  // Few calls have the rest.
  declare promise: PromiseLike<unknown>;
  declare private isRefused: boolean | undefined;
  declare private deferred: Undo[] | undefined;
  declare private own: AbortController | undefined;
  declare private timer: ReturnType<typeof setTimeout> | undefined;
  declare private reject: ((error: Error) => void) | undefined;

  constructor(
    work: Work,
    ctx: Context,
    scope: Scope,
    label: string,
    item?: unknown,
    index?: number,
  ) {
    super();
    this.work = work;
    this.ctx = ctx;
    this.scope = scope;
    this.label = label;
    this.item = item;
    this.index = index;
    this.output = undefined;
  }

  get path(): string {
    const { scope, label, index } = this;
    return index === undefined ? join(scope.path, label) : `${join(scope.path, label)}[${index}]`;
  }

  get names(): readonly string[] {
    return [this.index === undefined ? "attempt" : "index", "signal", "key", "defer"];
  }

  read(name: string | symbol): unknown {
    if (name === "attempt") return 1;
    if (name === "index") return this.index;
    if (name === "key") return this.keyOf(this.path);
    if (name === "signal") return this.signal;
    return (undo: Undo) => (this.deferred ??= []).push(undo);
  }

  keyOf(path: string): string {
    const { id, name } = this.scope.root;
    return `${id}/${name}/${path}`;
  }

  private get signal(): AbortSignal {
    const { group } = this.scope;
    if (group && this.work.timeout === undefined) return group.signal;
    const { signal } = this.own ??= new AbortController();
    return group ? AbortSignal.any([signal, group.signal]) : signal;
  }

  /** Calls the function of a step; returns its output, or itself if it is pending. */
  start(): Context | Call {
    const { timeout } = this.work;
    if (timeout !== undefined) this.timer = setTimeout(giveUp, timeout, this);
    let value: unknown;
    try {
      value = this.call();
      if (isThenable(value)) {
        this.promise = timeout === undefined ? value : this.limit(value);
        return this;
      }
    } catch (thrown) {
      throw this.crash(thrown);
    }
    return this.land(value);
  }

  call(): unknown {
    const { run } = this.work;
    const outer = calling.by;
    calling.by = this;
    try {
      return run(this, this.shown);
    } finally {
      calling.by = outer;
    }
  }

  private limit(promise: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      promise.then(resolve, reject);
      this.reject = (error) => {
        reject(error);
        promise.then((late) => this.work.rollback?.(this.ctx, late, this), () => {});
      };
    });
  }

  giveUp(): void {
    const error = new Error("must settle within its timeout");
    this.own?.abort(error);
    this.reject?.(error);
  }

  /** Continues with the value of a step. */
  land(value: unknown): Context {
    if (this.timer !== undefined) clearTimeout(this.timer);
    const { rollback, takesInfo, read } = this.work;
    if (rollback || takesInfo) this.scope.undos.push(this);
    try {
      const output = value === undefined || value === null ? EMPTY : read(value);
      this.output = output;
      return output;
    } catch (thrown) {
      // The effect has happened, so it is undone even if its output is refused.
      this.output = value;
      this.isRefused = true;
      throw new Failed(thrown, this.path, true);
    }
  }

  /** Continues with the error of a step; returns the failure to throw. */
  crash(thrown: unknown): Failed {
    if (this.timer !== undefined) clearTimeout(this.timer);
    if (this.deferred) this.scope.undos.push(this);
    return new Failed(thrown, this.path, true);
  }

  /** Undoes its output, if it has one, then what it has deferred, the latest first. */
  async undo(error: Error, completed: string[], failed: object[]): Promise<void> {
    const { path, work: { rollback }, ctx, output, isRefused, deferred } = this;
    const undos: (readonly [step: string, undo: Undo])[] = [];
    if (rollback && output !== undefined) {
      const shown = isRefused ? output : Object.freeze(output);
      undos.push([path, (info) => rollback(ctx, shown, info)]);
    }
    for (const undo of deferred?.toReversed() ?? []) undos.push([`${path} (deferred)`, undo]);
    for (const [step, undo] of undos) {
      try {
        const undoing = undo(new UndoInfo(this, error).shown);
        if (isThenable(undoing)) await undoing;
        completed.push(step);
      } catch (thrown) {
        failed.push(Object.freeze({ step, error: toError(thrown) }));
      }
    }
  }
}

function giveUp(call: Call): void {
  call.giveUp();
}

/** The info of an undo. */
class UndoInfo extends Info {
  readonly call: Call;
  readonly error: Error;

  constructor(call: Call, error: Error) {
    super();
    this.call = call;
    this.error = error;
  }

  get names(): readonly string[] {
    return ["error", "signal", "attempt", "key", "effectKey"];
  }

  read(name: string | symbol): unknown {
    if (name === "error") return this.error;
    if (name === "attempt") return 1;
    if (name === "signal") return new AbortController().signal;
    return this.call.keyOf(name === "key" ? `${this.call.path}!undo` : this.call.path);
  }
}
