import type { Deferred, NamedUndo } from "../api/host.ts";
import type { Undo, UndoPolicy } from "../api/info.ts";
import { checkUndo, refuse } from "../report/checks.ts";
import { ConfigError, RollbackError, toError } from "../report/errors.ts";
import { deferId } from "../run/paths.ts";
import type { Run } from "../run/scope.ts";
import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";
import type { UndoByName } from "./handlers.ts";

/** An undo that was deferred. */
export interface DeferredUndo {
  readonly id: string;
  readonly policy: UndoPolicy;
  /** Its name and data, if it was deferred by name. */
  readonly undo: NamedUndo | undefined;
}

/** The attempt that defers. */
interface Owner {
  readonly id: string;
  readonly number: number;
  readonly ctx: Context;
  readonly scope: { readonly run: Run };
  readonly effect: {
    readonly undos?: Readonly<Record<string, UndoPolicy<UndoByName>>> | undefined;
  };
}

/** The undos that an attempt has deferred. */
export class DeferredUndos {
  readonly #owner: Owner;
  readonly #left: DeferredUndo[] = [];
  /** The names and data of all undos, including those already taken. */
  readonly #all: (NamedUndo | undefined)[] = [];

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.#left.length === 0;
  }

  /** The number of undos deferred so far. */
  get count(): number {
    return this.#all.length;
  }

  /** All undos deferred so far, as a host records them. */
  get recorded(): Deferred {
    return this.#all.some((undo) => undo) ? [...this.#all] : this.count;
  }

  /** Adds an undo passed to `defer`. */
  add(undo: unknown, data: unknown): void {
    const { id, effect: { undos }, scope: { run: { seam } } } = this.#owner;
    const action = `defer an undo in '${id}'`;
    if (typeof undo === "string") {
      const named = { name: undo, data };
      const names = Object.keys(undos ?? {}).join(", ");
      const policy = this.#byName(named) ??
        refuse(action, `its name must be among the step's 'undos' (${names})`, undo);
      try {
        seam.durable?.check?.(data);
      } catch (thrown) {
        const { message } = toError(thrown);
        throw new ConfigError(`Cannot ${action} as the data of '${undo}' ${message}`);
      }
      return this.#push(policy, named);
    }
    if (seam.durable) {
      const constraint = "another process can carry out only one of the step's 'undos', by name";
      refuse(action, constraint, undo);
    }
    this.#push(checkUndo<Undo>(action, "it", id, cast(undo)), undefined);
  }

  /** Adds the undos that were deferred in another process. */
  expect(deferred: Deferred): void {
    const names = typeof deferred === "number" ? [] : deferred;
    const count = typeof deferred === "number" ? deferred : deferred.length;
    for (let n = this.count; n < count; n++) {
      const named = names[n];
      const lost = { run: () => lostUndo(deferId(this.#owner.id, this.#owner.number, n + 1)) };
      this.#push(named && this.#byName(named) || lost, named);
    }
  }

  /** Takes the latest undo that is left. */
  take(): DeferredUndo | undefined {
    return this.#left.pop();
  }

  #byName({ name, data }: NamedUndo): UndoPolicy | undefined {
    const { ctx, effect: { undos } } = this.#owner;
    const handler = undos && Object.hasOwn(undos, name) ? undos[name] : undefined;
    if (!handler) return undefined;
    const { run, retry, timeout } = handler;
    return { run: (info) => run(ctx, data, info), retry, timeout };
  }

  #push(policy: UndoPolicy, undo: NamedUndo | undefined): void {
    const { id, number } = this.#owner;
    this.#left.push({ id: deferId(id, number, this.#all.push(undo)), policy, undo });
  }
}

/** Stands in for an undo whose function lives in another process. */
function lostUndo(id: string): never {
  const constraint = "its function must be in this process: it was deferred in another one";
  throw new RollbackError(`Cannot undo '${id}' as ${constraint}`, []);
}
