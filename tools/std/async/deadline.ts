// @ts-types="./deadline.d.ts"
export { deadline } from "npm:deno-std@1.4.0/async/deadline.js";
export type * from "./deadline.d.ts";
