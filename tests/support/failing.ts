import { type RetryPolicy, type Step, step } from "@runsheet/runsheet";
import type { FakeTime } from "@std/testing/time";
import { dataOf } from "./results.ts";

/** The n-th error of a step that fails. */
export const errors: readonly Error[] = [1, 2, 3, 4, 5].map((n) => new Error(`error ${n}`));

/** A step that fails in its first attempts, each time with an error of its own. */
export function failing(
  times: number,
  retry: RetryPolicy,
  onAttempt: () => void = () => {},
): Step<"failing", object, { attempt: number }> {
  return step({
    name: "failing",
    retry,
    run: (_ctx, { attempt }) => {
      onAttempt();
      if (attempt <= times) throw errors[attempt - 1];
      return { attempt };
    },
  });
}

/** The delays before the retries of a step that fails four times. */
export async function waitsOf(
  time: FakeTime,
  policy: Omit<RetryPolicy, "count">,
): Promise<number[]> {
  const starts: number[] = [];
  const retry = { count: 4, ...policy };
  const running = failing(4, retry, () => starts.push(time.now)).run({});
  while (starts.length < 5) await time.nextAsync();
  dataOf(await running);
  return starts.slice(1).map((start, n) => start - starts[n]!);
}
