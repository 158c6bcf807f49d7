import type { Extra } from "../effect/handlers.ts";
import type { Cancellation } from "../run/cancellation.ts";
import type { Journal } from "../run/journal.ts";
import type { Run, Scope } from "../run/scope.ts";
import type { Ending } from "../run/settled.ts";
import type { Watch } from "../run/watch.ts";

/** What the branches of a group share. */
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
  readonly group: Group;
  readonly item: Item;
  readonly index: number;
  /** The pending result of a branch that is in flight. */
  ending: Ending<unknown> | undefined;
  /** The journal, once it has been read. */
  forked: Journal | undefined;

  constructor(group: Group, item: Item, index: number) {
    this.group = group;
    this.item = item;
    this.index = index;
    this.ending = undefined;
    this.forked = undefined;
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
