// The standard library has these from the same package.
// @ts-types="npm:conditional-type-checks@1.0.6/types/mod.d.ts"
export { assert as assertType } from "npm:conditional-type-checks@1.0.6";
export type {
  Assert,
  AssertFalse,
  AssertTrue,
  Has,
  IsAny,
  IsExact,
  IsNever,
  IsNullable,
  IsUnknown,
  NotHas,
} from "npm:conditional-type-checks@1.0.6";
