// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Schema } from "../api/schema.ts";
import type { AddedKeys, Folded, Rules } from "./fold.ts";
import type { Flat, SureKeys } from "./objects.ts";
import type { IsOpen } from "./pipeline.ts";

// The rules have names without arguments, because the compiler shows them with every builder.

/**
 * The args are inferred: needs that no earlier step provides become args.
 *
 * @internal
 */
export interface ArgsInferred extends Rules {
  readonly open: true;
  readonly reported: never;
  readonly strict: false;
  readonly checked: false;
  readonly deps: {};
}

/**
 * The type of the args is given.
 *
 * @internal
 */
export interface ArgsGiven extends Rules {
  readonly open: false;
  readonly reported: PropertyKey;
  readonly strict: false;
  readonly checked: false;
  readonly deps: {};
}

/**
 * An `argsSchema` checks the args.
 *
 * @internal
 */
export interface ArgsChecked extends Rules {
  readonly open: false;
  readonly reported: PropertyKey;
  readonly strict: false;
  readonly checked: true;
  readonly deps: {};
}

/**
 * Like `ArgsInferred`, but each key may be provided only once.
 *
 * @internal
 */
export interface StrictArgsInferred extends Rules {
  readonly open: true;
  readonly reported: never;
  readonly strict: true;
  readonly checked: false;
  readonly deps: {};
}

/**
 * Like `ArgsGiven`, but each key may be provided only once.
 *
 * @internal
 */
export interface StrictArgsGiven extends Rules {
  readonly open: false;
  readonly reported: PropertyKey;
  readonly strict: true;
  readonly checked: false;
  readonly deps: {};
}

/**
 * Like `ArgsChecked`, but each key may be provided only once.
 *
 * @internal
 */
export interface StrictArgsChecked extends Rules {
  readonly open: false;
  readonly reported: PropertyKey;
  readonly strict: true;
  readonly checked: true;
  readonly deps: {};
}

/**
 * The rules `G` of a pipeline that has deps.
 *
 * @internal
 */
export interface WithDeps<G extends Rules, D> extends Rules {
  readonly open: G["open"];
  readonly reported: G["reported"];
  readonly strict: G["strict"];
  readonly checked: G["checked"];
  readonly deps: D;
}

/**
 * The rules of a builder.
 *
 * @internal
 */
export type ChecksOf<Args, AS, Strict, D> = [keyof D] extends [never] ? NoDeps<Args, AS, Strict>
  : WithDeps<NoDeps<Args, AS, Strict>, D>;

type NoDeps<Args, AS, Strict> = Strict extends true ? AS extends Schema ? StrictArgsChecked
  : IsOpen<Args, AS> extends true ? StrictArgsInferred
  : StrictArgsGiven
  : AS extends Schema ? ArgsChecked
  : IsOpen<Args, AS> extends true ? ArgsInferred
  : ArgsGiven;

/**
 * The fold over the steps of a builder so far.
 *
 * @internal
 */
export interface Begun<Args, Ctx, Keys extends PropertyKey, Checks extends Rules> {
  /** No mistakes yet. */
  readonly mistakes: never;
  /** The args so far. */
  readonly taken: {
    readonly args: Args;
    readonly keys:
      | (Checks["open"] extends true ? SureKeys<Args> : never)
      | AddedKeys<Checks>
      | keyof Checks["deps"];
    readonly room: [];
  };
  /** The context. */
  readonly ctx: Ctx;
  /** The keys that steps have provided. */
  readonly provided: Keys;
}

/**
 * The args after one more step.
 *
 * @internal
 */
export type ArgsAfter<Args, F extends Folded, Checks extends Rules> = Checks["open"] extends true
  ? F["taken"]["args"]
  : Args;

/**
 * The args of `run()`.
 *
 * @internal
 */
export type ArgsFrom<Args, Checks extends Rules> = Checks["open"] extends true ? Flat<Args> : Args;
