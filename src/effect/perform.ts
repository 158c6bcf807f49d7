import type { Attempt } from "./attempt.ts";
import { performByHost } from "./by_host.ts";
import { callOnce } from "./call.ts";
import { giveUp, type Performed, type Retrying } from "./give_up.ts";

/** Performs one attempt, through the host if there is one. */
export async function perform(attempt: Attempt, retrying: () => Retrying): Promise<Performed> {
  const { scope: { run }, watch } = attempt;
  if (!run.seam.isDirect) {
    try {
      const performed = await performByHost(attempt, retrying);
      watch?.endAttempt(performed);
      return performed;
    } catch (reason) {
      watch?.interrupt(reason);
      throw reason;
    }
  }
  const ended = await callOnce(attempt);
  if ("running" in ended) return await giveUp(attempt, ended, retrying);
  watch?.endAttempt({ outcome: ended });
  return { outcome: ended };
}
