import { setImmediate } from "node:timers/promises";
import { AssertionError } from "@std/assert";
import type { FakeTime } from "@std/testing/time";

/** Advances the clock until nothing waits for it any more, whether or not a run has ended. */
export async function untilRest<T>(time: FakeTime, running: Promise<T>): Promise<T> {
  let ended: { readonly value: T } | undefined;
  running.then((value) => ended = { value });
  do await setImmediate(); while (time.next());
  if (!ended) throw new AssertionError("the run hangs");
  return ended.value;
}
