// A structured log: one JSON object per line. It says what happened, but never with which values:
// no args, no outputs, and no error messages, which may quote them.
import type { Middleware } from "@runsheet/runsheet";
import { codeOf } from "./errors.ts";

export function log(event: string, fields: object): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
}

/** Middleware that logs every step. */
export const logSteps: Middleware = ({ name }, next) => async (ctx) => {
  const start = performance.now();
  const result = await next(ctx);
  log("step", {
    step: name,
    orderId: ctx.orderId,
    ms: Math.round(performance.now() - start),
    error: result.success ? undefined : codeOf(result.error),
  });
  return result;
};
