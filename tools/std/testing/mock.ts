// @ts-types="./mock.d.ts"
export {
  assertSpyCall,
  assertSpyCallArgs,
  assertSpyCalls,
  MockError,
  resolvesNext,
  restore,
  returnsNext,
  spy,
  stub,
} from "npm:deno-std@1.2.0/testing/mock.js";
export type * from "./mock.d.ts";
