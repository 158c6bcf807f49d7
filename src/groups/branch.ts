import type { Extra } from "../effect/handlers.ts";
import type { Cancellation } from "../run/cancellation.ts";
import type { Journal } from "../run/journal.ts";
import type { Run, Scope } from "../run/scope.ts";
import { crash, type Ending, isPending, type Unsettled } from "../run/settled.ts";
import type { Watch } from "../run/watch.ts";
import { cast } from "../values/cast.ts";

/** State shared by the branches of a group. */
export interface Group {
  /** The scope of the group. */
  readonly scope: Scope;
  /** Cancels the branches. */
  readonly cancellation: Cancellation;
  /** Builds the path of a branch. */
  readonly pathOf: (index: number) => string;
  /** Keeps a place for an abandoned call. */
  readonly hold: Scope["hold"];
}

/**
 * A branch or an item of a group, and its scope. The path and the journal are made when they are
 * read, because most items need neither.
 */
export class Branch<Item> implements Scope, Extra {
  declare readonly group: Group;
  declare readonly item: Item;
  declare readonly index: number;
  /** The pending result of a branch that is in flight. */
  declare ending: Ending<unknown> | undefined;
  /** The journal, once it has been read. */
  declare forked: Journal | undefined;

  constructor(group: Group, item: Item, index: number) {
    this.group = group;
    this.item = item;
    this.index = index;
    this.ending = undefined;
    this.forked = undefined;
  }

  /**
   * The promise to await. A failed branch is awaited, too, so that what starts does not depend on
   * how fast it fails.
   */
  get promise(): unknown {
    const ending = this.ending!;
    return isPending(ending) ? ending.promise : ending;
  }

  /** Continues with the value of its promise. */
  land(value: unknown): Ending<unknown> {
    const ending = this.ending!;
    return isPending(ending) ? ending.land(value) : cast(value);
  }

  /** Continues with the error that its promise rejected with. */
  crash(thrown: unknown): Ending<unknown> {
    try {
      return crash(cast<Unsettled<unknown>>(this.ending), thrown);
    } catch (signal) {
      return Promise.reject(signal);
    }
  }

  get run(): Run {
    return this.group.scope.run;
  }

  get path(): string {
    return this.group.pathOf(this.index);
  }

  get watch(): Watch | undefined {
    return this.group.scope.watch;
  }

  get journal(): Journal {
    return this.forked ??= this.group.scope.journal.fork();
  }

  get cancellation(): Cancellation {
    return this.group.cancellation;
  }

  get deep(): boolean {
    return this.group.scope.deep;
  }

  get hold(): Scope["hold"] {
    return this.group.hold;
  }
}
