import { assert, assertStrictEquals } from "@std/assert";
import { type AnyStep, pipeline, step } from "@runsheet/runsheet";
import { failureOf } from "./results.ts";
import { fail } from "./steps.ts";

/** The depth to which contexts are frozen. */
export interface Mode {
  readonly immutable?: "deep";
}

/** The contexts that a step and its rollback see, given these args. */
export async function seenOf<Args extends Record<string, unknown>>(
  mode: Mode,
  args: Args,
): Promise<Args> {
  const seen: Args[] = [];
  const look = step({
    name: "look",
    run: (ctx) => void seen.push(ctx as Args),
    rollback: (ctx) => void seen.push(ctx as Args),
  });
  const steps: readonly AnyStep[] = [look, fail];
  failureOf(await pipeline({ name: "p", steps, ...mode }).run(args));
  const [ctx, undone] = seen;
  assert(ctx && undone);
  assertStrictEquals(ctx, undone);
  return ctx;
}

/** The same in a pipeline that is deeply immutable. */
export function seenDeep<Args extends Record<string, unknown>>(args: Args): Promise<Args> {
  return seenOf({ immutable: "deep" }, args);
}
