// The checkout in Effect: the same validation and freezing, and `acquireRelease`, which is its undo
// stack.
import { Effect, Exit } from "effect";
import { type } from "arktype";
import type { Contender } from "../harness.ts";
import { ark, type Bought, type Order, orders, undo, type Work } from "../work.ts";
import { never } from "./hand_written.ts";

/** Calls a step of the flow: defines its failures and adds limits. */
export type Call = <T>(effect: Effect.Effect<T, unknown>) => Effect.Effect<T, unknown>;

function parse<T extends object>(
  schema: (value: unknown) => T | type.errors,
  value: object,
): Effect.Effect<T, unknown> {
  const parsed = schema(value);
  return parsed instanceof type.errors
    ? Effect.fail(new Error(parsed.summary))
    : Effect.succeed(parsed);
}

function undoable<T>(effect: Effect.Effect<T, unknown>) {
  return Effect.acquireRelease(
    effect,
    (output, exit) => Exit.isFailure(exit) ? Effect.sync(() => undo(output)) : Effect.void,
  );
}

/** Turns the function of a step into an effect. */
export function effectOf<T>(run: () => T | Promise<T>, isSync: boolean): Effect.Effect<T, unknown> {
  return isSync
    ? Effect.try({ try: run as () => T, catch: (error) => error })
    : Effect.tryPromise({ try: run as () => Promise<T>, catch: (error) => error });
}

function checkout(
  { price, charge, confirm }: Work<boolean>,
  given: Order,
  isSync: boolean,
  call: Call,
): Effect.Effect<Bought, unknown> {
  return Effect.scoped(Effect.gen(function* () {
    const args = Object.freeze({ ...given });
    const order = Object.freeze({ ...args, ...yield* parse(ark.order, args) });
    const forPrice = (yield* parse(ark.price.requires, order)) as Order;
    const rawPrice = yield* undoable(call(effectOf(() => price(forPrice, never), isSync)));
    const priced = Object.freeze({ ...order, ...yield* parse(ark.price.provides, rawPrice) });
    const forCharge = (yield* parse(ark.charge.requires, priced)) as typeof priced;
    const rawCharge = yield* undoable(call(effectOf(() => charge(forCharge, never), isSync)));
    const charged = Object.freeze({ ...priced, ...yield* parse(ark.charge.provides, rawCharge) });
    const forConfirm = (yield* parse(ark.confirm.requires, charged)) as typeof charged;
    const rawConfirm = yield* undoable(call(effectOf(() => confirm(forConfirm, never), isSync)));
    return Object.freeze({ ...charged, ...yield* parse(ark.confirm.provides, rawConfirm) });
  }));
}

export function effect(
  work: Work<boolean>,
  { isSync = false, call = (effect) => effect }: { isSync?: boolean; call?: Call } = {},
): Contender {
  const next = orders();
  return {
    name: "Effect",
    run: () => Effect.runPromiseExit(checkout(work, next(), isSync, call)),
    outcome: outcomeOf,
  };
}

/** The data, or the message of the error. */
export function outcomeOf(exit: unknown): unknown {
  const given = exit as Exit.Exit<unknown, unknown>;
  if (Exit.isSuccess(given)) return given.value;
  const error: unknown = given.cause.reasons.find((reason) => reason._tag === "Fail")?.error;
  return error instanceof Error ? error.message : String(error);
}
