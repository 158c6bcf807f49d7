import { failure } from "../run/settled.ts";
import type { Attempt, Effect } from "./attempt.ts";

/** An effect as it is defined; if it says nothing else, it fails with the error of its attempts. */
export type EffectDefinition<T> = Omit<Effect<T>, "fail"> & Partial<Pick<Effect<T>, "fail">>;

const defaults = {
  kind: undefined,
  span: undefined,
  seesInfo: undefined,
  retry: undefined,
  timeout: undefined,
  graceMs: undefined,
  lateMs: undefined,
  overlap: undefined,
  idempotent: undefined,
  pivot: undefined,
  rollback: undefined,
  undoByKey: undefined,
  undos: undefined,
  check: undefined,
  call: undefined,
  succeed: undefined,
  fail: ({ path }: Attempt, error: Error, ran: boolean) => failure(error, path, ran),
} satisfies { readonly [Field in keyof Effect]: unknown };

/** Makes an effect. All have the same fields, as objects of many shapes are slow to read. */
export function makeEffect<T>(definition: EffectDefinition<T>): Effect<T> {
  return { ...defaults, ...definition };
}
