// Libraries of policies around plain functions: the same checkout by hand, with their time limits
// and retries around its steps.
import { handleAll, retry, timeout, TimeoutStrategy } from "cockatiel";
import pRetry from "p-retry";
import { never } from "./hand_written.ts";
import type { Step, Work } from "../work.ts";

type AsyncStep = Step<never, Promise<never>>;

/** Wraps each step. */
function each(work: Work<false>, wrap: (step: AsyncStep) => AsyncStep): Work<false> {
  const { price, charge, confirm } = work as unknown as Record<string, AsyncStep>;
  const wrapped = { price: wrap(price!), charge: wrap(charge!), confirm: wrap(confirm!) };
  return wrapped as unknown as Work<false>;
}

export function timedByCockatiel(work: Work<false>, ms: number): Work<false> {
  const policy = timeout(ms, TimeoutStrategy.Aggressive);
  return each(work, (step) => (ctx) => policy.execute(({ signal }) => step(ctx, { signal })));
}

export function retriedByCockatiel(work: Work<false>, retries: number): Work<false> {
  const policy = retry(handleAll, { maxAttempts: retries });
  return each(work, (step) => (ctx) => policy.execute(() => step(ctx, never)));
}

export function retriedByPRetry(work: Work<false>, retries: number): Work<false> {
  return each(work, (step) => (ctx) => pRetry(() => step(ctx, never), { retries }));
}
