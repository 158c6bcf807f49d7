// The checkout as a chain of neverthrow: the same validation and snapshots, results instead of
// exceptions; no undo and no report.
import { type } from "arktype";
import { err, ok, type Result, ResultAsync } from "neverthrow";
import type { Contender } from "../harness.ts";
import { ark, type Bought, type Order, orders, type Work } from "../work.ts";
import { never } from "./hand_written.ts";

function parse<T extends object>(
  schema: (value: unknown) => T | type.errors,
  value: object,
): Result<T, Error> {
  const parsed = schema(value);
  return parsed instanceof type.errors ? err(new Error(parsed.summary)) : ok(parsed);
}

function follow<Ctx extends object, Needs, Gives extends object>(
  ctx: Ctx,
  requires: (value: unknown) => Needs & object | type.errors,
  run: (ctx: Needs, info: typeof never) => Promise<Gives>,
  provides: (value: unknown) => Gives | type.errors,
): ResultAsync<Readonly<Ctx & Gives>, Error> {
  return parse(requires, ctx)
    .asyncAndThen((seen) => ResultAsync.fromPromise(run(seen, never), (error) => error as Error))
    .andThen((output) => parse(provides, output))
    .map((added) => Object.freeze({ ...ctx, ...added }));
}

export function neverthrow({ price, charge, confirm }: Work<false>): Contender {
  const next = orders();
  const checkout = (given: Order): ResultAsync<Bought, Error> => {
    const args = Object.freeze({ ...given });
    return parse(ark.order, args)
      .asyncAndThen((order) =>
        follow(
          Object.freeze({ ...args, ...order }),
          ark.price.requires,
          price,
          ark.price.provides,
        )
      )
      .andThen((ctx) => follow(ctx, ark.charge.requires, charge, ark.charge.provides))
      .andThen((ctx) => follow(ctx, ark.confirm.requires, confirm, ark.confirm.provides));
  };
  return {
    name: "neverthrow",
    run: async () => await checkout(next()),
    outcome: (result) => (result as Result<Bought, Error>).unwrapOr(undefined),
  };
}
