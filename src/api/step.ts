// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { Result } from "./result.ts";
import type { RunOptions } from "./run.ts";
import type { Schema } from "./schema.ts";

/**
 * Where a step keeps what the engine runs. Not for use outside the library.
 *
 * @internal
 */
export const engine: unique symbol = Symbol.for("runsheet.engine");

/** What steps and pipelines have in common. */
export interface StepLike<Name extends string, Requires, Provides> {
  /** The step's name. */
  readonly name: Name;
  /** What it needs of the context; `undefined` when it has no schema. */
  readonly requires: Schema | undefined;
  /** What it adds to the context; `undefined` when it has no schema. */
  readonly provides: Schema | undefined;
  /** Carries the static types; the value is the engine's. @internal */
  readonly [engine]: {
    readonly requires?: (ctx: Requires) => void;
    readonly provides?: Provides;
  };
}

/** A step: what it is called, what it needs of the context, and what it adds to it. Frozen. */
export interface Step<Name extends string, Requires, Provides>
  extends StepLike<Name, Requires, Provides> {
  /**
   * Runs the step alone, with its validation, retry, timeout and rollback. Never rejects.
   *
   * @param args The context that the step finds.
   * @param options How to run it.
   * @returns What it provides, or why it failed.
   */
  run(args: Requires, options?: RunOptions): Promise<Result<Provides>>;
}

/**
 * A pipeline: a step made of steps, whose data is the accumulated context, args included. Inside another pipeline it
 * adds the keys `Adds` of its data: those that its own steps have provided, or all of its `output`.
 */
export interface Pipeline<
  Name extends string,
  Args,
  Data,
  Adds extends PropertyKey = Exclude<keyof Data, keyof Args>,
> extends StepLike<Name, Args, Pick<Data, Adds & keyof Data>> {
  /**
   * Runs the pipeline. Never rejects.
   *
   * @param args The first context; may be left out when nothing is required.
   * @param options How to run it.
   * @returns The accumulated context, or why it failed and what was undone.
   */
  run(
    ...args: {} extends Args ? [args?: Args, options?: RunOptions | undefined]
      : [args: Args, options?: RunOptions | undefined]
  ): Promise<Result<Data>>;
}

/** Any step, combinator or pipeline. */
export type AnyStep = Step<string, never, object>;
