import type { Effect } from "./attempt.ts";

const noEffect: { readonly [Field in keyof Effect]: undefined } = {
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
  fail: undefined,
};

/** Makes an effect. All have the same fields, as objects of many shapes are slow to read. */
export function makeEffect<T>(definition: Effect<T>): Effect<T> {
  return { ...noEffect, ...definition };
}
